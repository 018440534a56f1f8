// Ticks every two seconds, also for a page in the background, whose own clocks the browser slows down.
setInterval(() => postMessage(""), 2000);
