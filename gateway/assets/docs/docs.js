// Shows the API's description, and tries requests on this very server.

/**
 * The description without the ids in examples of bodies. Whoever changes an example and sends it
 * again means another record, and under the same id it would be refused as a conflict, later and
 * unseen.
 */
function withoutIds(description) {
  for (const { post } of Object.values(description.paths)) {
    for (const content of Object.values(post?.requestBody?.content ?? {})) {
      if (content.example) content.example = nameless(content.example);
      for (const example of Object.values(content.examples ?? {})) {
        example.value = nameless(example.value);
      }
    }
  }
  return description;
}

/** The example without ids, also in each item of a batch and in each line of JSON. */
function nameless(example) {
  if (Array.isArray(example)) return example.map(nameless);
  if (typeof example === "string") return example.split("\n").map(namelessLine).join("\n");
  if (typeof example !== "object" || example === null) return example;
  const { event_id: _event, log_id: _log, ...rest } = example;
  return rest.logs ? { ...rest, logs: nameless(rest.logs) } : rest;
}

function namelessLine(line) {
  if (!line.startsWith("{")) return line;
  try {
    return JSON.stringify(nameless(JSON.parse(line)));
  } catch {
    return line;
  }
}

/** The description without its servers: the page asks the one that it comes from, and needs no list of one. */
function withoutServers({ servers: _servers, ...description }) {
  return description;
}

/**
 * The description without the examples of optional parameters. Swagger UI would fill them in, and send
 * each with every request.
 */
function withoutOptions(description) {
  const operations = Object.values(description.paths).flatMap(Object.values);
  const lists = operations.map(({ parameters }) => parameters ?? []);
  for (const parameter of [...lists, Object.values(description.components.parameters)].flat()) {
    if (!parameter.required) delete parameter.example;
  }
  return description;
}

async function show() {
  const answer = await fetch(new URL("openapi.json", document.baseURI));
  SwaggerUIBundle({
    spec: withoutServers(withoutOptions(withoutIds(await answer.json()))),
    dom_id: "#docs",
    // Deep links would be links within buttons, which not everybody can use.
    deepLinking: false,
    tryItOutEnabled: true,
    // The one that Swagger offers would send the document elsewhere.
    validatorUrl: null,
  });
}

show();
