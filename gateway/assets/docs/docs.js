// Shows the API's description, and tries requests on this very server.
SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#docs",
  deepLinking: true,
  tryItOutEnabled: true,
  // The one that Swagger offers would send the document elsewhere.
  validatorUrl: null,
});
