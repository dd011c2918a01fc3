package notification

// appendExchange appends the request and the response that every entry of a history
// has (bdl-3 and bdl-4, BND-04, BND-05). Those of the status are a read of
// $status (BND-03).
func appendExchange(dst []byte, n *Notification, e *Entry) []byte {
	if e == nil {
		dst = append(dst, `,"request":{"method":"GET","url":"`...)
		dst = appendText(dst, n.Subscription)
		return append(dst, `/$status"},"response":{"status":"200"}`...)
	}
	method, url, status := n.request(e)
	dst = append(dst, `,"request":{"method":`...)
	dst = appendString(dst, method)
	dst = append(dst, `,"url":`...)
	dst = appendString(dst, url)
	dst = append(dst, `},"response":{"status":`...)
	dst = appendString(dst, status)
	return append(dst, '}')
}
