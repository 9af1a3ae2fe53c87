// For the picture: tells the program, in an attribute, how tall the page is. Its width is fixed by the style sheet,
// because a headless window may be wider than it was asked to be.
"use strict";
document.documentElement.dataset.height = String(Math.ceil(document.body.getBoundingClientRect().height));
