// Lambda's Runtime API for Node, as short as it can be: `aws-lambda-ric` from npm is compiled natively where it is
// installed, with a C++ compiler and curl. This one does less than AWS's own, so it flatters Node.
const http = require("node:http");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, path, body) {
  const options = { host, port, agent, method, path: `/2018-06-01/runtime/${path}` };
  if (body) options.headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function main() {
  const { handler } = require(process.argv[2]);
  for (;;) {
    const event = await ask("GET", "invocation/next");
    const id = event.headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(event.body), { awsRequestId: id });
      await ask("POST", `invocation/${id}/response`, JSON.stringify(answer ?? null));
    } catch (error) {
      const said = { errorType: error.name, errorMessage: error.message };
      await ask("POST", `invocation/${id}/error`, JSON.stringify(said));
    }
  }
}

main();
