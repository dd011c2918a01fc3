// Package browsertest plays the playground as a newcomer does, in Chromium. It is a module
// of its own, so that what drives a browser reaches nobody else.
//
//	apt-get install -y chromium
//	go test -v .        # screenshots are in build/playground of the repository
package browsertest
