"use strict";
const search = document.getElementById("search"), shown = document.getElementById("shown");
const boxes = [...document.querySelectorAll(".tools input[type=checkbox]")];
const rows = [...document.querySelectorAll("#recipients > tbody > tr")];
let waiting;
function look() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const off = new Set(boxes.filter(box => !box.checked).map(box => box.value));
  let count = 0;
  for (const row of rows) {
    const text = words.length ? row.textContent.toLowerCase() : "";
    row.hidden = off.has(row.className) || !words.every(word => text.includes(word));
    count += !row.hidden;
  }
  shown.textContent = count.toLocaleString();
}
search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 150); });
boxes.forEach(box => box.addEventListener("change", look));
document.querySelector(".tools").hidden = false;
look();
