// Starts Swagger UI. The document lies beside the page, whatever a gateway or a proxy has put in front of both.
const documentUrl = new URL("../openapi.json", document.currentScript.src).href;
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: documentUrl,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
  });
});
