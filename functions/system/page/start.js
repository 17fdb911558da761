// Starts Swagger UI. The document lies beside the page, whatever a gateway or a proxy has put in front of both.
const documentUrl = new URL("../openapi.json", document.currentScript.src).href;

// Swagger UI fills the fields of a form with samples, such as a sheet "string", and sends those that are emptied. Here
// they are empty and are not sent, so that each has its default.
const emptyForms = () => ({
  wrapComponents: {
    ParameterIncludeEmpty: () => () => null,
    RequestBody: (Original, { React }) => (props) => {
      const contentType = props.contentType ?? props.requestBody.get("content").keySeq().first();
      const isForm = contentType.startsWith("multipart/");
      const getSampleSchema = (schema) => (props.fn.getSchemaObjectType(schema) === "array" ? "[]" : "");
      const fn = isForm ? { ...props.fn, getSampleSchema } : props.fn;
      return React.createElement(Original, { ...props, fn });
    },
  },
});

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: documentUrl,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: true,
    plugins: [emptyForms],
    tryItOutEnabled: true,
  });
});
