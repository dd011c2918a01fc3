// Evaluates FHIRPath with fhirpath.js. Reads JSON lines from standard input:
// {"resource": text} adds a resource, {"expression": e, "on": index} evaluates
// over one. Writes a line for each of the latter.
'use strict';
const fhirpath = require('fhirpath');
const model = require('fhirpath/fhir-context/r4');

console.log = console.warn = console.error = () => {}; // the engine remarks on what it is given
const options = {resolveInternalTypes: false, keepDecimalTypes: true, preciseMath: true, traceFn: () => {}};
const resources = [];

// {"$decimal": "1.00"} stands for a number whose digits JSON.parse would lose.
const revive = (_, v) => v !== null && typeof v === 'object' && typeof v.$decimal === 'string'
  ? fhirpath.FP_Decimal.getDecimal(v.$decimal) : v;

// bare makes plain JSON of a value, its decimals as objects again.
function bare(v) {
  if (v instanceof fhirpath.FP_Decimal) return {$decimal: v.toString()};
  if (typeof v === 'bigint') return {$decimal: v.toString()};
  if (Array.isArray(v)) return v.map(bare);
  if (v !== null && typeof v === 'object') {
    const o = {};
    for (const k of Object.keys(v)) o[k] = bare(v[k]);
    return o;
  }
  return v;
}

function item(v, type) {
  const node = v !== null && typeof v === 'object' && 'data' in v && 'parentResNode' in v;
  const data = node ? v.data : v;
  if (data === null || data === undefined) return {type, none: true};
  switch (typeof data) {
    case 'number': case 'bigint': return {type, number: String(data)};
    case 'boolean': case 'string': return {type, text: String(data)};
  }
  if (data instanceof fhirpath.FP_Decimal) return {type, number: data.toString()};
  const name = data.constructor && data.constructor.name;
  if (name && name.startsWith('FP_')) return {type, text: data.toString()};
  if (name === 'TypeInfo') return {type, text: data.toString()};
  return {type, object: bare(data)};
}

function evaluate(q) {
  try {
    const resource = JSON.parse(resources[q.on], revive);
    const out = fhirpath.compile(q.expression, model, options)(resource, {resource, rootResource: resource});
    if (out instanceof Promise) return {error: 'asynchronous'};
    const types = fhirpath.types(out);
    return {values: out.map((v, i) => item(v, types[i]))};
  } catch (e) {
    return {error: String(e && e.message || e).split('\n')[0].slice(0, 200)};
  }
}

require('readline').createInterface({input: process.stdin}).on('line', line => {
  const q = JSON.parse(line);
  if ('resource' in q) resources.push(q.resource);
  else process.stdout.write(JSON.stringify(evaluate(q)) + '\n');
});
