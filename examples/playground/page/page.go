// Package page is the playground's web page: plain HTML, CSS and ES modules, embedded, as
// they are in the folder app. It asks nobody but the server it comes from.
//
//	mux.Handle("/", page.Handler())
//
// What each file holds is in its first line.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
)

//go:embed app
var files embed.FS

// policy lets the page load its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves the page at /. Browsers keep its files as long as they have not changed.
func Handler() http.Handler {
	app, err := fs.Sub(files, "app")
	if err != nil {
		panic(err) // the folder is embedded
	}
	server, tag := http.FileServerFS(app), `"`+version(app)+`"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		server.ServeHTTP(w, r)
	})
}

// version is another one whenever a file is.
func version(app fs.FS) string {
	hash := sha256.New()
	err := fs.WalkDir(app, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(app, path)
		hash.Write(raw)
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	return hex.EncodeToString(hash.Sum(nil)[:12])
}
