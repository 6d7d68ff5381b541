// The page of the API: Swagger UI in its own element, told by data attributes where the specification is.
window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("api-docs");
  if (!place || !window.SwaggerUIBundle) return;
  window.SwaggerUIBundle({
    url: place.dataset.specification,
    domNode: place,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    validatorUrl: null, // nothing is told to others
    persistAuthorization: false, // a token is typed in anew; no browser keeps it
    requestSnippetsEnabled: true,
  });
});
