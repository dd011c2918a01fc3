package subscription

import "time"

// SetWall gives the engine's machine another clock. It is called before Run.
func (e *Engine) SetWall(wall func(now time.Time) time.Time) { e.clock.setWall(wall) }
