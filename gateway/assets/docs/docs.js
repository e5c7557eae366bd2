// Shows the API's description, and tries requests on this very server.
SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#docs",
  // Deep links would be links within buttons, which not everybody can use.
  deepLinking: false,
  tryItOutEnabled: true,
  // The one that Swagger offers would send the document elsewhere.
  validatorUrl: null,
});
