package workbench

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"encoding/json"
)

// keepAlive is how often a stream that has nothing to say says so.
const keepAlive = 15 * time.Second

// stream sends the entries of the feed behind ?since, or behind the Last-Event-ID of a
// browser that comes back, as server-sent events. A page that has missed some is told so
// by the event reset, and asks for the state again.
func (b *Workbench) stream(w http.ResponseWriter, r *http.Request) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("since")
	}
	since, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		http.Error(w, "since must be the number of an entry", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	b.view(1)
	defer b.view(-1)
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	flusher := http.NewResponseController(w)
	for {
		entries, whole, changed := b.cfg.Feed.Since(since)
		if !whole {
			since = b.cfg.Feed.Last()
			_, err = fmt.Fprintf(w, "id: %d\nevent: reset\ndata: {}\n\n", since)
		}
		for _, entry := range entries {
			raw, _ := json.Marshal(entry) // of JSON
			_, err = fmt.Fprintf(w, "id: %d\nevent: entry\ndata: %s\n\n", entry.ID, raw)
			since = entry.ID
		}
		if err != nil || flusher.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return
		case <-b.ctx.Done():
			return
		}
	}
}

// view counts the pages that follow.
func (b *Workbench) view(n int) {
	b.mu.Lock()
	b.viewers += n
	b.mu.Unlock()
	b.look()
}
