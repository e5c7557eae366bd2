// Fastify and Google's Pub/Sub client with its defaults, one process a core.
const cluster = require("node:cluster");
const { PubSub } = require("@google-cloud/pubsub");

const schema = {
  body: {
    type: "object",
    required: ["site_id", "event_type"],
    properties: { site_id: { type: "string" }, event_type: { type: "string" } },
  },
};

async function serve() {
  const app = require("fastify")();
  const topic = new PubSub({ projectId: process.env.GOOGLE_CLOUD_PROJECT }).topic(process.env.PUBSUB_TOPIC);
  app.post("/event", { schema }, async (request, reply) => {
    await topic.publishMessage({ json: request.body });
    reply.code(202).send({ status: "accepted" });
  });
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
}

if (cluster.isPrimary) {
  for (let n = 0; n < require("node:os").availableParallelism(); n++) cluster.fork();
} else {
  serve();
}
