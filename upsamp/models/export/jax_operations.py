"""Operations, as programs of JAX write them."""

from upsamp.models.export.arithmetic import signs
from upsamp.models.export.array_operations import Words

SIGNS = signs(
    "jnp",
    '({}).astype("float32")',
    {
        "Rsqrt": "jax.lax.rsqrt({})",
        "Sigmoid": "jax.nn.sigmoid({})",
        "Relu": "jax.nn.relu({})",
    },
)
WORDS = Words(
    reductions={
        **{
            name: f"{{x}}.{name.lower()}({{axes}}{{keep}})"
            for name in ("Mean", "Sum", "Var", "Std", "Max", "Min")
        },
        "Amax": "{x}.max({axes}{keep})",
        "Amin": "{x}.min({axes}{keep})",
    },
    keepdims=", keepdims=True",
    tile="jnp.tile({x}, {counts})",
    repeat="{x}.repeat({count}, axis={axis})",
    flip="jnp.flip({x}, {axes})",
    pad="jnp.pad({x}, {pairs}, constant_values={value})",
    mirror="jnp.pad({x}, {pairs}, mode={mode})",
    stack=("jnp.stack(", "axis"),
    unstack=("jnp.unstack(", "axis"),
    split=("jnp.split(", "axis"),
    at=True,
    matmul=("jnp.matmul(", ('precision="highest"',)),
    array="jnp.array",
)
