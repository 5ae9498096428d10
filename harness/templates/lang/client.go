// A client for the harness: operations come in as JSON lines, outcomes go out (harness docs client-programs).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

var methods = map[string]string{`"read"`: "GET", `"write"`: "PUT", `"cas"`: "POST"} // What your system is asked.

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var start map[string]any
	if err := in.Decode(&start); err != nil {
		panic(err)
	}
	// A new connection each time: over one that is kept, a request could be sent twice.
	client := &http.Client{Timeout: time.Duration(start["deadline_ms"].(float64)) * time.Millisecond,
		Transport: &http.Transport{DisableKeepAlives: true}}
	out.Encode(map[string]any{"ready": true})
	for op := map[string]json.RawMessage{}; in.Decode(&op) == nil; {
		url := fmt.Sprintf("http://%s:8000/keys/%s", start["ip"], op["key"])
		kind, document, err := invoke(client, string(op["f"]), url, op["value"])
		outcome := map[string]any{"id": op["id"], "type": kind, "error": fmt.Sprint(err)}
		if string(op["f"]) == `"read"` && kind == "ok" {
			outcome["value"] = document
		}
		out.Encode(outcome)
	}
}

func invoke(client *http.Client, f, url string, value []byte) (kind string, document json.RawMessage, err error) {
	if pair := [2]json.RawMessage{}; f == `"cas"` && json.Unmarshal(value, &pair) == nil {
		value, _ = json.Marshal(map[string]any{"old": pair[0], "new": pair[1]})
	}
	request, err := http.NewRequest(methods[f], url, bytes.NewReader(value))
	if err != nil || methods[f] == "" {
		return "fail", nil, fmt.Errorf("there is no %s here: %v", f, err)
	}
	answer, err := client.Do(request)
	if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
		return "fail", nil, err // Nothing was sent: it had no effect, and never will.
	} else if err != nil {
		return "info", nil, err // It was sent, and no answer came: nobody knows.
	}
	defer answer.Body.Close()
	if err = json.NewDecoder(answer.Body).Decode(&document); err == nil && answer.StatusCode == 200 {
		return "ok", document, nil
	} else if f == `"read"` || answer.StatusCode == 409 {
		return "fail", nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	return "info", nil, fmt.Errorf("status %d", answer.StatusCode)
}
