module headrace.io/sandbox/monitoring

go 1.26.0

// Its code is not built: the definitions of its kinds are among its files.
require github.com/prometheus-operator/prometheus-operator v0.85.0
