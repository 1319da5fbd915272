// Runs SignalFlow programs with the npm package signalfx and writes everything that it hands
// over as JSON lines: {"run": index, "message": …}, {"run": index, "error": …}, and at the
// end of each run {"run": index, "known": its tsIds}. The one argument is JSON:
// {"endpoint": "ws://…", "token": "…", "runs": [execute options, …]}. A line "close N" on
// stdin closes a run; the end of stdin ends the process.
'use strict';

const { SignalFlow } = require('signalfx');

console.log = console.error; // stdout is for the lines alone

const { endpoint, token, runs } = JSON.parse(process.argv[2]);
const client = new SignalFlow(token, {
  signalflowEndpoint: endpoint,
  webSocketErrorCallback: (event) => write({ run: -1, error: String(event.message) }),
});
const write = (line) => process.stdout.write(JSON.stringify(line) + '\n');

const streams = runs.map((options, run) => {
  const stream = client.execute(options);
  stream.stream((error, message) => {
    write(error ? { run, error } : { run, message });
    const event = message && message.event;
    if (event === 'END_OF_CHANNEL' || event === 'CHANNEL_ABORT') {
      write({ run, known: stream.get_known_tsids() });
    }
  });
  return stream;
});

require('readline').createInterface({ input: process.stdin })
  .on('line', (line) => streams[Number(line.split(' ')[1])].close())
  .on('close', () => process.exit(0));
