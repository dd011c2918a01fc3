#!/usr/bin/env node
// A subscriber in JavaScript, with nothing but what Node.js brings.
//
//     go run ./examples/server -allow-private
//     node examples/scripts/subscriber.mjs http://127.0.0.1:8080/fhir
//
// It lists the server's topics, subscribes to encounters of one patient that begin, changes
// three encounters, and shows the notifications as they arrive. One of them it refuses, as a
// subscriber in trouble would: the server sends it again. At the end it asks what there
// was by $status and $events and removes what it made.
import { createServer } from 'node:http';

const base = (process.argv[2] ?? 'http://127.0.0.1:8080/fhir').replace(/\/$/, '');
const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
const topic = 'https://carillon-fhir.github.io/topics/encounter-start';
const secret = 'correct horse battery staple';

// What a notification says. In R4 its status is a Parameters resource.
function read(bundle) {
  const value = (p) => p[Object.keys(p).find((name) => name.startsWith('value'))];
  const parameters = bundle.entry[0].resource.parameter;
  const plain = Object.fromEntries(parameters.filter((p) => !p.part).map((p) => [p.name, value(p)]));
  const events = parameters
    .filter((p) => p.name === 'notification-event')
    .map((p) => Object.fromEntries(p.part.map((part) => [part.name, value(part)])));
  return {
    type: plain.type,
    count: BigInt(plain['events-since-subscription-start']),
    numbers: events.map((e) => BigInt(e['event-number'])),
    focus: events.map((e) => e.focus.reference.split('/').at(-1)),
    resources: bundle.entry.length - 1,
  };
}

// Where the server sends notifications: any 2xx says that one has arrived.
const arrived = [];
let wake = () => {};
let refused = false;
const endpoint = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  response.statusCode = answer(request.headers['x-secret'], read(JSON.parse(text)));
  response.end();
});

function answer(given, notification) {
  if (given !== secret) return 401;
  if (notification.numbers[0] === 2n && !refused) {
    refused = true;
    return 503;
  }
  arrived.push(notification);
  wake();
  return 200;
}

async function next() {
  while (arrived.length === 0) await new Promise((resolve) => { wake = resolve; });
  return arrived.shift();
}

async function send(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { Accept: 'application/fhir+json', 'Content-Type': 'application/fhir+json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

const topics = await send('GET', `${base}/Basic?code=SubscriptionTopic`);
console.log('topics:', topics.total);

await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
const subscription = await send('POST', `${base}/Subscription`, {
  resourceType: 'Subscription', status: 'requested', reason: 'to learn',
  criteria: topic,
  _criteria: { extension: [{ url: `${backport}backport-filter-criteria`, valueString: 'Encounter?patient=Patient/node' }] },
  channel: {
    type: 'rest-hook', endpoint: `http://127.0.0.1:${endpoint.address().port}/`,
    header: [`X-Secret: ${secret}`], payload: 'application/fhir+json',
    _payload: { extension: [{ url: `${backport}backport-payload-content`, valueCode: 'full-resource' }] },
  },
});
const mine = `${base}/Subscription/${subscription.id}`;
console.log('subscribed:', subscription.status);
console.log('arrived:', (await next()).type);

for (const i of [1, 2, 3]) {
  for (const patient of ['node', 'another']) {
    await send('PUT', `${base}/Encounter/${patient}-${i}`, {
      resourceType: 'Encounter', id: `${patient}-${i}`, status: 'in-progress',
      class: { code: 'AMB' }, subject: { reference: `Patient/${patient}` },
    });
  }
}
for (let i = 0; i < 3; i++) {
  const n = await next();
  console.log('arrived:', n.type, n.numbers.join(' '), n.focus.join(' '), 'with', n.resources, 'resource');
}

const status = read(await send('GET', `${mine}/$status`));
console.log('status:', `${status.count} events`);
const events = read(await send('GET', `${mine}/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=id-only`));
console.log('events:', events.numbers.join(' '), 'with', events.resources, 'resources');
await send('DELETE', mine);
endpoint.close();
endpoint.closeAllConnections();
