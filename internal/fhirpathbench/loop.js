// Measures fhirpath.js. The first line of standard input holds the subjects; each
// further line {"on": index, "n": repetitions} is answered with the nanoseconds of
// one repetition and the number of results, or with an error.
'use strict';
const fhirpath = require('fhirpath');
const model = require('fhirpath/fhir-context/r4');

let subjects;
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const q = JSON.parse(line);
  if (subjects === undefined) {
    subjects = q.map(s => ({run: fhirpath.compile(s.expression, model), focus: s.focus || {},
      variables: {current: s.current, previous: s.previous}}));
    return;
  }
  const s = subjects[q.on];
  let answer;
  try {
    let out;
    const start = process.hrtime.bigint();
    for (let i = 0; i < q.n; i++) out = s.run(s.focus, s.variables);
    answer = {nanoseconds: Number(process.hrtime.bigint() - start) / q.n, results: out.length};
  } catch (e) {
    answer = {error: true};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
