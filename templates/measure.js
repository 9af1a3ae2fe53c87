// For the picture: tells the program, in attributes, how tall the page is and where it may be cut, between two lines
// of the digest. "#1234" behind the address shows the page from there on. Its width is fixed by the style sheet,
// because a headless window may be wider than it was asked to be.
"use strict";
(() => {
  const root = document.documentElement;
  const bottom = (element) => Math.ceil(element.getBoundingClientRect().bottom);
  root.dataset.height = String(bottom(document.body));
  root.dataset.cuts = [...document.querySelectorAll(".panel, .e, .h, figure")].map((e) => bottom(e) + 4).join(" ");
  document.body.style.marginTop = `-${Number(location.hash.slice(1)) || 0}px`;
})();
