// Lays the two pictures of a comparison over each other, under a slider. Without it they stand
// beside each other.
for (const pair of document.querySelectorAll(".comparison")) {
  const slider = pair.querySelector("input");
  const cut = () => pair.style.setProperty("--cut", slider.value + "%");
  pair.classList.add("sliding");
  pair.querySelector(".control").hidden = false;
  slider.addEventListener("input", cut);
  cut();
}
