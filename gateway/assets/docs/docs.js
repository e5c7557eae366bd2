// Shows the API's description, and tries requests on this very server.

/**
 * The description without the ids in examples of bodies. Whoever changes an example and sends it
 * again means another record, and under the same id it would be refused as a conflict, later and
 * unseen.
 */
function withoutIds(description) {
  for (const { post } of Object.values(description.paths)) {
    for (const { example } of Object.values(post?.requestBody?.content ?? {})) {
      for (const id of ["event_id", "log_id"]) delete example?.[id];
    }
  }
  return description;
}

async function show() {
  const answer = await fetch(new URL("openapi.json", document.baseURI));
  SwaggerUIBundle({
    spec: withoutIds(await answer.json()),
    dom_id: "#docs",
    // Deep links would be links within buttons, which not everybody can use.
    deepLinking: false,
    tryItOutEnabled: true,
    // The one that Swagger offers would send the document elsewhere.
    validatorUrl: null,
  });
}

show();
