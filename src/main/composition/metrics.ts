export { metricsText } from '../core/doors/metrics.ts'
