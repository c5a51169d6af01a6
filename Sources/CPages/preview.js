// Loads the page again when the preview says that a text was saved.
"use strict";

(() => {
  const events = new EventSource("/events");
  let state = null;
  events.onmessage = (event) => {
    // The first message says where the preview stands; after a break the page may be behind.
    if (state !== null && event.data !== state) location.reload();
    state = event.data;
  };
})();
