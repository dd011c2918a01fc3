// Answers for peer_test.go what @lhncbc/ucum-lhc, installed in the folder of the
// first argument, says of the codes and conversions on standard input.
const { createRequire } = require("node:module");
const { UcumLhcUtils } = createRequire(process.argv[2] + "/")("@lhncbc/ucum-lhc");
console.log = () => {}; // the peer comments on codes there
const peer = UcumLhcUtils.getInstance();
const { codes, conversions } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const answers = {
  valid: codes.map((code) => peer.getSpecifiedUnit(code, "validate").status === "valid"),
  results: conversions.map(({ value, from, to }) => {
    const answer = peer.convertUnitTo(from, value, to);
    return answer.status === "succeeded" ? answer.toVal : null;
  }),
};
process.stdout.write(JSON.stringify(answers));
