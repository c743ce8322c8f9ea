// Lays the two pictures of a comparison over each other, under a slider; they are moved by the
// pointer, too. Without it they stand beside each other.
for (const comparison of document.querySelectorAll(".comparison")) {
  const slider = comparison.querySelector("input");
  const pair = comparison.querySelector(".pair");
  const cut = () => comparison.style.setProperty("--cut", slider.value + "%");
  const follow = (event) => {
    if (event.buttons) {
      const box = pair.getBoundingClientRect();
      slider.value = (100 * (event.clientX - box.left)) / box.width;
      cut();
    }
  };
  comparison.classList.add("sliding");
  comparison.querySelector(".control").hidden = false;
  slider.addEventListener("input", cut);
  pair.addEventListener("pointerdown", follow);
  pair.addEventListener("pointermove", follow);
  pair.addEventListener("dragstart", (event) => event.preventDefault());
  cut();
}
