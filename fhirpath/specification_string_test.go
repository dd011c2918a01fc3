package fhirpath

import "testing"

// TestStringFunction: 5.6.
func TestStringFunction(t *testing.T) {
	answers{
		"'abcdefg'.indexOf('bc')": "1", "'abcdefg'.indexOf('x')": "-1", "'abcdefg'.indexOf('abcdefg')": "0", "'a🔥b'.indexOf('🔥')": "1", "'a🔥b'.indexOf('b')": "2",
		"'a\\uD83D\\uDD25b'.indexOf('b')": "2", "'abc'.indexOf('')": "0", "''.indexOf('')": "0", "''.indexOf('a')": "-1",
		"'abcdefg'.lastIndexOf('bc')": "1", "'abcdefg'.lastIndexOf('x')": "-1", "'abcdefg'.lastIndexOf('abcdefg')": "0", "'abc abc'.lastIndexOf('a')": "4",
		"'0123'.lastIndexOf('')": "4", "'0'.lastIndexOf('')": "1", "''.lastIndexOf('')": "0", "'🔥🔥'.lastIndexOf('')": "2",
		"'abcdefg'.substring(3)": "'defg'", "'abcdefg'.substring(1, 2)": "'bc'", "'abcdefg'.substring(6, 2)": "'g'", "'abcdefg'.substring(7, 1)": "", "'abcdefg'.substring(7)": "",
		"'abcdefg'.substring(-1, 1)": "", "'abcdefg'.substring(3, 0)": "''", "'abcdefg'.substring(3, -1)": "''", "'abcdefg'.substring(-1, -1)": "", "''.substring(0)": "",
		"'abcdefg'.substring(3, {})": "'defg'", "'a🔥b'.substring(1, 1)": "'🔥'", "'abc'.substring('1')": ErrOperand, "'abc'.substring(1.0)": ErrOperand, "'abc'.substring(1 | 2)": ErrSingleton,
		"'abcdefg'.startsWith('abc')": "true", "'abcdefg'.startsWith('xyz')": "false", "'abc'.startsWith('')": "true", "''.startsWith('')": "true",
		"'abcdefg'.endsWith('efg')": "true", "'abcdefg'.endsWith('abc')": "false", "'abc'.endsWith('')": "true", "'abc'.endsWith(1)": ErrOperand,
		"'abc'.contains('b')": "true", "'abc'.contains('bc')": "true", "'abc'.contains('d')": "false", "'abc'.contains('')": "true", "'abc'.contains('B')": "false",
		"'abcdefg'.upper()": "'ABCDEFG'", "'AbCdefg'.upper()": "'ABCDEFG'", "'ABCDEFG'.lower()": "'abcdefg'", "'aBcDEFG'.lower()": "'abcdefg'", "'é'.upper()": "'É'",
		"'abcdefg'.replace('cde', '123')": "'ab123fg'", "'abcdefg'.replace('cde', '')": "'abfg'", "'abc'.replace('', 'x')": "'xaxbxcx'", "'a🔥c'.replace('', 'x')": "'xax🔥xcx'",
		"'a\\uD83D\\uDD25c'.replace('', 'x')": "'xax🔥xcx'", "'aaa'.replace('aa', 'b')": "'ba'", "'a.c'.replace('.', '$1')": "'a$1c'", "''.replace('', 'x')": "'x'",
		"'abc'.length()": "3", "''.length()": "0", "'\\u0065\\u0301'.length()": "2", "'\\uD83D\\uDD25'.length()": "1",
		"'abc'.toChars()": "'a', 'b', 'c'", "'\\u0065\\u0301'.toChars().count()": "2", "'a\\uD83D\\uDD25b'.toChars()": "'a', '🔥', 'b'", "''.toChars()": "",
		"' 123456 '.trim()": "'123456'", "'  '.trim()": "''", "'\\t\\r\\n a b \\n'.trim()": "'a b'", "'\\u00a0a\\u2003'.trim() = '\\u00a0a\\u2003'": "true", "'\\fa'.trim() = '\\fa'": "true",
		"('A,B,C').split(',')": "'A', 'B', 'C'", "('ABC').split(',')": "'ABC'", "'A,,C'.split(',')": "'A', '', 'C'", "','.split(',')": "'', ''", "''.split(',')": "''",
		"'a🔥b'.split('')": "'a', '🔥', 'b'", "'a.b'.split('.')": "'a', 'b'", "'a'.split('a' | 'b')": ErrSingleton,
		"('A' | 'B' | 'C').join()": "'ABC'", "('A' | 'B' | 'C').join(',')": "'A,B,C'", "'A'.join(',')": "'A'", "(1 | 2).join(',')": ErrOperand, "'A'.combine('A').join('')": "'AA'",
		"name.given.join(' ')": "'Peter James Jim'", "contact.name.family.join(',')": "''", "name.given.select(substring(0, 1))": "'P', 'J', 'J'",
		"id.upper()": "'P1'", "gender.upper()": "", "birthDate.substring(0, 4)": "'1974'", "active.upper()": ErrOperand, "name[0].upper()": ErrOperand, "@2012.upper()": ErrOperand,
	}.hold(t, patient)
}

// TestRegularExpression: 5.6, matches(), matchesFull() and replaceMatches().
func TestRegularExpression(t *testing.T) {
	answers{
		"'http://fhir.org/guides/cqf/common/Library/FHIR-ModelInfo|4.0.1'.matches('Library')": "true", "'N8000123123'.matches('^N[0-9]{8}$')": "false",
		"'N8000123123'.matches('N[0-9]{8}')": "true", "'a\\nb'.matches('a.b')": "true", "'ABC'.matches('b')": "false", "'é🔥'.matches('^..$')": "true",
		"'first line\\nsecond line'.matches('^second', 'm')": "true", "'first line\\nsecond line'.matches('^second', '')": "false",
		"'first line\\nsecond line'.matches('^SECOND', 'im')": "true", "'first line\\nsecond line'.matches('line$', 'm')": "true", "'ABC'.matches('b', 'i')": "true", "'É'.matches('é', 'i')": "true",
		"'a\\nb'.matches('a.b', 'm')": "true", "'ABC'.matches('b', {})": "false", "'abc'.matches('b', 'x')": refusal("flags"), "'abc'.matches('b', 'I')": refusal("flags"), "'abc'.matches('b', 1)": refusal("flags"),
		"'ABC'.matches('b', 'i' | 'm')": ErrSingleton, "'ABC'.matches('b' & '', 'i' & '')": "true", "'ABC'.matches('b', 'x' & '')": ErrOperand, "'abc'.matches('(')": refusal("regular expression"), "'abc'.matches('(' & '')": ErrOperand,
		"'abc'.matches('')": "true",
		"'http://fhir.org/Library|4.0.1'.matchesFull('Library')": "false", "'N8000123123'.matchesFull('N[0-9]{8}')": "false", "'N8000123123'.matchesFull('N[0-9]{10}')": "true",
		"'abc'.matchesFull('a|abc')": "true", "'ABC'.matchesFull('abc', 'i')": "true", "'a\\nb'.matchesFull('a$.^b', 'm')": "true", "'a\\nb'.matchesFull('a', 'm')": "false",
		"'abc'.matchesFull('^abc$')": "true", "'abc'.matchesFull('abc', 'g')": refusal("flags"),
		`'11/30/1972'.replaceMatches('\\b(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{2,4})\\b', '${day}-${month}-${year}')`: "'30-11-1972'",
		`'11/30/1972'.replaceMatches('(\\d+)/(\\d+)/(\\d+)', '$2-$1-$3')`:                                                       "'30-11-1972'",
		`'11/30/1972'.replaceMatches('(\\d+)/(\\d+)/(\\d+)', '${2}0-$10')`:                                                      "'300-110'", // there is no group 10
		"'aaabaa'.replaceMatches('aa', '\"aa\"')":                                                                               "'\"aa\"ab\"aa\"'", "'abc'.replaceMatches('b', '$0$0')": "'abbc'", "'abc'.replaceMatches('b', '$$1')": "'a$1c'",
		"'abc'.replaceMatches('b', '$')": "'a$c'", "'abc'.replaceMatches('b', '$ 5')": "'a$ 5c'", "'abc'.replaceMatches('b', '$x')": "'a$xc'", "'abc'.replaceMatches('b', '$1')": ErrOperand,
		"'abc'.replaceMatches('b', '${x}')": ErrOperand, "'abc'.replaceMatches('(b)|(c)', '[$2]')": "'a[][c]'", "'abc'.replaceMatches('x*', '-')": "'-a-b-c-'",
		"'abc'.replaceMatches('b', '')": "'ac'", "'abc'.replaceMatches('', 'x')": "'abc'", "'aBc'.replaceMatches('b', 'x', 'i')": "'axc'", "'a\\nb'.replaceMatches('^', '-', 'm')": "'-a\n-b'",
		"'abc'.replaceMatches('b', 'x', 'z')": refusal("flags"), "'abc'.replaceMatches('b', 1)": ErrOperand, "'a🔥c'.replaceMatches('🔥', 'b')": "'abc'", "'abc'.replaceMatches('b', '\\\\1')": `'a\1c'`,
	}.hold(t, patient)
}

// TestAdditionalStringFunction: 5.6, encode, decode, escape and unescape.
func TestAdditionalStringFunction(t *testing.T) {
	answers{
		"'test'.encode('base64')": "'dGVzdA=='", "'test'.encode('hex')": "'74657374'", "'é'.encode('hex')": "'c3a9'", "'>>>?'.encode('urlbase64')": "'Pj4-Pw=='",
		"'aé🔥'.encode('ascii')": "'a??'", "'dGVzdA=='.decode('base64')": "'test'", "'74657374'.decode('hex')": "'test'", "'Pj4-Pw=='.decode('urlbase64')": "'>>>?'",
		"'ff'.decode('hex')": "", "'/w=='.decode('base64')": "", "'A&B'.escape('html')": "'A&amp;B'", "'\"1<2\"'.escape('json')": "'\\\"1<2\\\"'",
		"'&quot;1&lt;2&quot;'.unescape('html')": "'\"1<2\"'", "'a'.encode('rot13')": ErrOperand, "'a'.decode('ascii')": ErrOperand, "'a'.escape('xml')": ErrOperand,
	}.hold(t, patient)
}

// TestMathFunction: 5.7, the examples.
func TestMathFunction(t *testing.T) {
	answers{
		"(-5).abs()": "5", "(-5.5).abs()": "5.5", "(-5.5 'mg').abs()": "5.5 'mg'", "(-5L).abs()": "5L", "5.abs()": "5", "'a'.abs()": ErrOperand,
		"1.ceiling()": "1", "1.1.ceiling()": "2", "(-1.1).ceiling()": "-1", "1.1 'mg'.ceiling()": "2 'mg'", "1.floor()": "1", "2.1.floor()": "2", "(-2.1).floor()": "-3",
		"101.truncate()": "101", "1.00000001.truncate()": "1", "(-1.56).truncate()": "-1", "3000000000.5.floor()": "", "0.exp() = 1": "true", "(-0.0).exp() = 1": "true",
		"1.ln() = 0": "true", "1.0.ln() = 0": "true", "16.log(2) = 4": "true", "100.0.log(10.0) = 2": "true", "0.log(2)": ErrOperand, "2.log(0)": ErrOperand, "(-2).log(2)": ErrOperand,
		"2.power(3) = 8": "true", "2.5.power(2)": "6.25", "2.power(-1)": "0.5", "(-1).power(0.5)": "", "1.round() = 1": "true", "3.14159.round(3)": "3.142", "(-1.5).round() = -2": "true",
		"0.5.round() = 1": "true", "(-0.5).round() = -1": "true", "(-0.4).round() = 0": "true", "1.25 'mg'.round(1)": "1.3 'mg'", "1.5.round(-1)": ErrOperand, "81.sqrt() = 9": "true", "(-1).sqrt()": "",
		"(2.5 / (2.power(2))).round(1)": "0.6",
	}.hold(t, patient)
}
