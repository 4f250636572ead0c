// Keeps the part of the page that tells how it stands as it is now. Without it the page works, too.

const place = document.querySelector("[data-live]");

const words = (node) => node.textContent.replace(/\s+/g, " ").trim();

if (place) {
  const source = new EventSource(place.dataset.live);

  source.addEventListener("status", (event) => {
    const news = document.createElement("template");
    news.innerHTML = event.data; // drawn and escaped by the server
    // What the page shows already is not put in again: nobody needs to hear it read out twice.
    if (words(news.content) !== words(place)) {
      place.replaceChildren(news.content);
    }
  });

  source.addEventListener("ended", () => {
    source.close();
    window.location.replace(window.location.pathname);
  });
}
