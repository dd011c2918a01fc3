package sweep

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/subscription"
)

// node is a machine on which a process lives, dies and is started again.
type node struct {
	cluster *Cluster
	name    string
	plan    func(life int) faulty.Plan

	mu     sync.Mutex
	engine *subscription.Engine // of the present life
	lives  []*faulty.Process
}

// begin starts a life.
func (n *node) begin() (*subscription.Engine, *faulty.Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := faulty.NewProcess(n.plan(len(n.lives)))
	e, err := subscription.New(n.cluster.config(n, p))
	if !assert.NoError(n.cluster, err) {
		panic(err)
	}
	n.engine = e
	n.lives = append(n.lives, p)
	return e, p
}

// present returns the node's present life.
func (n *node) present() (*subscription.Engine, *faulty.Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.engine, n.lives[len(n.lives)-1]
}

// live lives until ctx ends.
func (n *node) live(ctx context.Context) {
	c := n.cluster
	for e, p := n.present(); ; e, p = n.begin() {
		life, end := context.WithCancel(ctx)
		go func() {
			select {
			case <-p.Dead():
			case <-life.Done():
			}
			end()
		}()
		_ = e.Run(life) // fails only if its last words can't be said
		end()
		if ctx.Err() != nil {
			p.Kill()
			return
		}
		if c.harness.Reopen != nil && len(c.nodes) == 1 {
			c.reopen()
		}
		time.Sleep(c.scenario.Restart)
	}
}

// alive returns a process that can be asked, a different one each time; the clerk if
// there is none but it.
func (c *Cluster) alive() (*subscription.Engine, *faulty.Process) {
	for {
		for range c.nodes {
			n := c.nodes[c.next%len(c.nodes)]
			c.next++
			e, p := n.present()
			if p.Alive() && !p.Paused() {
				return e, p
			}
		}
		if c.clerk != nil {
			return c.clerk.present()
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Leader returns the process of the node that sequences, or nil if it is dead.
func (c *Cluster) Leader() *faulty.Process {
	r := c.referee()
	r.mu.Lock()
	leader := r.leader
	r.mu.Unlock()
	for _, n := range c.nodes {
		if _, p := n.present(); n.name == leader && p.Alive() && !p.Paused() {
			return p
		}
	}
	return nil
}

// counter returns a process that serves clients.
func (c *Cluster) counter() (*subscription.Engine, *faulty.Process) {
	if c.clerk != nil {
		return c.clerk.present()
	}
	return c.alive()
}

// Node returns the process of a node.
func (c *Cluster) Node(i int) *faulty.Process {
	_, p := c.nodes[i].present()
	return p
}
