// The server on a free port of this machine; says where, and stops when its parent closes the pipe.
const { createExpressApp } = require("stripe-stateful-mock");
const server = createExpressApp().listen(0, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();
