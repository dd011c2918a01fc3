package fhirpath

import "testing"

// TestQuantityEquality: 6.1.1.1 and 6.1.2.1.
func TestQuantityEquality(t *testing.T) {
	answers{
		"1 'cm' = 10.0 'mm'": "true", "1 'cm' = 1 'm'": "false", "1 'cm' = 1 's'": "", "1 'cm2' = 1 'cm'": "", "23 'Cel' = 73.4 '[degF]'": "true",
		"1 'furlongs' = 1 'furlongs'": "true", "1 'furlongs' = 1 'm'": "", "1.0 'mg' = 1 'mg'": "true",
		"1 'h' = 3600 's'": "true", "1 hour = 3600 's'": "true", "1 year = 1 'a'": "", "1 year.toQuantity('a') = 1 'a'": "true",
		"1 year = 12 months": "true", "1 year = 12 'mo'": "", "1 week = 1 'wk'": "true", "1 second = 1 's'": "true", "1 day = 1 'd'": "true",
		"1 minute = 1 'min'": "true", "1 millisecond = 1 'ms'": "true", "1 month = 1 'mo'": "",
		"7 days = 1 'wk'": "true", "1 week = 7 'd'": "true", "1 week = 7 days": "true", "24 hours = 1 day": "true", "1000 milliseconds = 1 second": "true",
		"1 year = 365 days": "true", "1 year = 360 days": "false", "1 month = 30 days": "true", "1 year = 366 days": "false", "1 month = 720 hours": "true",
		"1 year = 365 'd'": "", "1 month = 30 'd'": "", "1 year = 1 'm'": "", "2 years != 24 months": "false",
		"2.1 'cm' ~ 21 'mm'": "true", "21 'mm' ~ 2 'cm'": "true", "2 'cm' ~ 21 'mm'": "true", "4 'g' ~ 4000 'mg'": "true", "4 'g' ~ 4040 'mg'": "true",
		"4.044 'g' ~ 4040 'mg'": "true", "4.046 'g' ~ 4040 'mg'": "false", "4040 'mg' ~ 4.044 'g'": "true",
		"1 '[in_i]' ~ 2.5 'cm'": "true", "2.5 'cm' ~ 1 '[in_i]'": "true", "23 'Cel' ~ 73.4 '[degF]'": "true", "4.00 'g' ~ 4.4 'g'": "true",
		"1 year ~ 1 'a'": "true", "1 year ~ 12 'mo'": "true", "1 year ~ 11 months": "true", "1 year ~ 6 months": "true", "1 year ~ 5 months": "false",
		"1 second ~ 1 's'": "true", "1 month ~ 1 'mo'": "true", "1 month ~ 30 days": "true", "1 month ~ 30 'd'": "true", "1 year ~ 365 days": "true",
		"1 'cm' ~ 1 's'": "", "1 'furlongs' ~ 1 'm'": "", "1 'cm' !~ 1 's'": "", "1 'mg' ~ 2 'mg'": "false", "1 'cm' ~ 'cm'": "false",
		"(1 'cm' | 2) ~ (2 | 1 's')": "false",
	}.hold(t, patient)
}

// TestComparable: 6.2.5.
func TestComparable(t *testing.T) {
	answers{
		"1 'mg'.comparable(2 'mg')": "true", "1 'm'.comparable(20 'cm')": "true", "2 '1'.comparable(3)": "true", "1.comparable(2)": "true",
		"1.5.comparable(2L)": "true", "1 '[in_i]'.comparable(1 'cm')": "true", "1 year.comparable(1 'a')": "false", "1 year.comparable(12 months)": "true",
		"1 'Cel'.comparable(1 '[degF]')": "true", "1 'cm'.comparable(1 's')": "false", "1 'x'.comparable(1 'x')": "true", "1 'x'.comparable(1 'y')": "false",
		"'a'.comparable(1)": "", "1.comparable('a')": "", "(1 | 2).comparable(1)": "", "1.comparable(1 | 2)": "", "true.comparable(true)": "",
		"iif(value.comparable(2 'mmol/L'), value < 7 'mmol/L', false)": "true",
		"iif(value.comparable(2 'mg'), value < 7 'mg', false)":         "false",
	}.hold(t, observation)
}

// TestQuantityMath: 6.6.
func TestQuantityMath(t *testing.T) {
	answers{
		"12 'cm' * 3 'cm' = 36 'cm2'": "true", "3 'cm' * 12 'cm2' = 36 'cm3'": "true", "10 'm/s' * 10 's' = 100 'm'": "true",
		"3 * 2 'cm'": "6 'cm'", "42 * 1 'm'": "42 'm'", "2 'cm' * 3.5": "7.0 'cm'", "2 'cm' * 3L": "6 'cm'", "2 '1' * 3 'cm' = 6 'cm'": "true",
		"12 days * 45 'm'": "", "45 'm' * 12 days": "", "2 days * 3 days": "", "2 * 3 days": "6 days", "3 days * 2": "6 days", "3 days * 2 '1'": "6 days", "2 '1' * 3 days": "6 days",
		"12 'cm2' / 3 'cm' = 4 'cm'": "true", "120 'm' / 60 's' = 2 'm/s'": "true", "60 / 1 's' = 60 '/s'": "true", "60 's' / 2": "30 's'",
		"12 days / 3 days": "", "12 'm' / 3 days": "", "12 days / 3": "4 days", "12 days / 3 '1'": "4 days", "12 / 3 days": "", "12 'cm' / 0": "", "12 'cm' / 0 'cm'": "", "12 / 0 'cm'": "",
		"3 'm' + 3 'cm'": "303 'cm'", "3 'cm' + 3 'm'": "303 'cm'", "(3 'm' + 3 'cm').toQuantity('m')": "3.03 'm'",
		"2 + 2 'cm'": "", "2 'cm' + 2": "", "2 + 2 '1'": "4 '1'", "2 'kg' + 2 'm'": "", "2 'furlongs' + 1 'm'": "",
		"2 minutes + 60 seconds": "180 seconds", "60 's' + 2 minutes": "180 seconds", "1 'wk' + 2 days": "9 days", "2 days + 1 'wk'": "9 days",
		"1 week + 1 'wk'": "2 weeks", "1 'wk' + 1 week": "2 weeks",
		"1 year + 12 months": "", "1 year + 12 'mo'": "", "1 year + 1 'a'": "", "1 year + 365 days": "", "1 year + 1 year": "2 years", "1 month - 1 month": "0 months",
		"1 year.toQuantity('month') + 12 months": "24 months", "1 week + 14 days": "21 days", "3 'd' + 1 'wk'": "10 'd'",
		"3 'm' - 3 'cm'": "297 'cm'", "3 'cm' - 3 'm'": "-297 'cm'", "1 minute - 30 's' = 0.5 minute": "true",
		// Units that are not on a ratio scale have no sums and products
		"20 'Cel' + 1 'Cel'": "", "20 'Cel' - 1 '[degF]'": "", "20 'Cel' * 2": "", "2 * 20 'Cel'": "", "20 'Cel' / 2": "", "7 '[pH]' + 7 '[pH]'": "",
		"20 'K' + 1 'K'": "21 'K'",
		"1 'mg' + 'a'":   ErrOperand, "1 'mg' * true": ErrOperand, "(1 'mg' | 2 'mg') + 1 'mg'": ErrSingleton,
		"value * 2":                   "12.60 'mmol/L'",
		"value + 1 'mmol/L'":          "7.30 'mmol/L'",
		"component.value.first() + 1": "2 '1'",
	}.hold(t, observation)
}

// TestUnitConversion: 5.5.7, toQuantity(unit).
func TestUnitConversion(t *testing.T) {
	answers{
		"52 'cm'.toQuantity('m')": "0.52 'm'", "45.toQuantity('m')": "", "24 'm'.toQuantity('kg')": "", "1 'a'.toQuantity('d')": "365.25 'd'",
		"1 'wk'.toQuantity('d')": "7 'd'", "42.toQuantity()": "42 '1'", "2 'kg'.toQuantity('g')": "2000 'g'", "1.5 'mg'.toQuantity('mg')": "1.5 'mg'",
		"7 days.toQuantity('wk')": "1 'wk'", "182.5 days.toQuantity('a')": "0.5 'a'", "182.5 'd'.toQuantity('a') ~ 0.4996577686516085 'a'": "true",
		"1 year.toQuantity('a')": "1 'a'", "1 year.toQuantity('mo')": "12 'mo'", "1 year.toQuantity('months')": "12 months", "1 year.toQuantity('month')": "12 months",
		"1 year.toQuantity('days')": "365 days", "1 year.toQuantity('d')": "365 'd'", "1 month.toQuantity('day')": "30 days", "1 month.toQuantity('hours')": "720 hours",
		"1 'a'.toQuantity('years')": "1 year", "12 'mo'.toQuantity('year')": "1 year", "1 'a'.toQuantity('days')": "365.25 days",
		"24 months.toQuantity('years')": "2 years", "1 day.toQuantity('second')": "86400 seconds", "1 'h'.toQuantity('minutes')": "60 minutes",
		"1 hour.toQuantity('min')": "60 'min'", "1 year.toQuantity('m')": "", "1 'm'.toQuantity('year')": "", "1.toQuantity('days')": "",
		"'4 days'.toQuantity('hours')": "96 hours", "'2 \\'m\\''.toQuantity('cm')": "200 'cm'", "1 'm'.toQuantity('furlongs')": "",
		"23 'Cel'.toQuantity('[degF]')": "73.4 '[degF]'", "1 'm'.toQuantity(1)": ErrOperand, "1 'm'.toQuantity('m' | 'cm')": ErrSingleton,
		"2 '[in_i]'.convertsToQuantity('cm')": "true", "10 'Cel'.convertsToQuantity('[degF]')": "true", "5 'm'.convertsToQuantity('kg')": "false",
		"'1 day'.convertsToQuantity()": "true", "10 'mg'.convertsToQuantity()": "true", "'x'.convertsToQuantity('kg')": "false",
	}.hold(t, patient)
}
