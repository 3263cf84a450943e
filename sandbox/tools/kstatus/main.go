// Command kstatus says what Helm, Flux and the like make of objects. It reads Kubernetes objects in JSON,
// one after another, and prints a line of JSON for each: its status, and the message that comes with it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Status  status.Status `json:"status"`
	Message string        `json:"message"`
}

func judge(text json.RawMessage) (verdict, error) {
	// Not into a map: kstatus wants whole numbers as int64, as clients of the API server have them.
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(text); err != nil {
		return verdict{}, err
	}
	result, err := status.Compute(&object)
	if err != nil {
		return verdict{}, err
	}
	return verdict{result.Status, result.Message}, nil
}

func run(objects io.Reader, verdicts io.Writer) error {
	decoder, encoder := json.NewDecoder(objects), json.NewEncoder(verdicts)
	encoder.SetEscapeHTML(false)
	for count := 1; ; count++ {
		var text json.RawMessage
		if err := decoder.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("object %d is no JSON: %w", count, err)
		}
		found, err := judge(text)
		if err != nil {
			return fmt.Errorf("object %d has no status by kstatus: %w", count, err)
		}
		if err := encoder.Encode(found); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}
