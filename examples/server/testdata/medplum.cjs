// What an app does that uses the SubscriptionManager of @medplum/core: it subscribes, is
// told of a change, loses its connection, is told of what it missed, and unsubscribes.
// Arguments: the server's root, the websocket's URL. Nothing of the client is changed, but
// that it is told who is logged in, as there is no login.
globalThis.WebSocket = require('ws'); // a browser has one
const { MedplumClient, SubscriptionManager } = require('@medplum/core');

const [root, socket] = process.argv.slice(2);
const topic = 'https://carillon-fhir.github.io/topics/bilirubin-high';
const observation = {
  resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '1975-2' }] },
  subject: { reference: 'Patient/1' }, valueQuantity: { value: 50, unit: 'mg/dL', system: 'http://unitsofmeasure.org', code: 'mg/dL' },
};
const steps = [];
const step = (text) => { steps.push(text); console.log(text); };
const fail = (why) => { console.log('failed: ' + why); process.exit(1); };
setTimeout(() => fail('it takes too long'), 60000);

const medplum = new MedplumClient({ baseUrl: root + '/', fetch });
medplum.getProfile = () => ({ resourceType: 'Practitioner', id: '1' });
const write = () => medplum.createResource(observation);
const manager = new SubscriptionManager(medplum, socket, { pingIntervalMs: 500 });
const emitter = manager.addCriteria(topic);
const next = (type) => new Promise((resolve) => {
  const once = (event) => { emitter.removeEventListener(type, once); resolve(event); };
  emitter.addEventListener(type, once);
});
emitter.addEventListener('error', (event) => fail(String(event.payload)));

(async () => {
  await next('connect');
  step('connected');
  let message = next('message');
  await write();
  let bundle = (await message).payload;
  step('told by ' + bundle.entry[0].resource.resourceType + ' ' + bundle.entry[0].resource.type);
  await new Promise((resolve) => setTimeout(resolve, 1700)); // three of its pings, each of which needs its pong
  let connected = next('connect');
  message = next('message');
  manager.reconnectWebSocket();
  await write();
  await connected;
  step('connected again');
  await message;
  step('told of what it missed');
  message = next('message');
  await write();
  await message;
  step('told again');
  manager.removeCriteria(topic);
  manager.closeWebSocket();
  step('closed');
  process.exit(0);
})().catch((err) => fail(String(err)));
