// Package chart draws lines into an SVG picture that can be read on a light and on a
// dark page.
package chart
