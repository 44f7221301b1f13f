import type { CameraView } from '../../shared/rack/rackView.schema.ts'
import { status, type Status } from './stateWords.ts'

/** A job that was started here, among many: how it stands. */
export function wordsOfStarted(state: NonNullable<CameraView['job']>['state'] | undefined): [Status, string] {
  switch (state) {
    case 'queued': return [status('off', 'queued'), 'begins when another one has ended; not all start at once']
    case 'failed': return [status('bad', 'failed'), 'its panel says why']
    case 'interrupted': return [status('bad', 'interrupted'), 'its panel says why']
    case 'cancelled': return [status('unknown', 'cancelled'), '']
    case 'succeeded': return [status('ok', 'done'), '']
    case 'running': case undefined: return [status('busy', 'started'), '']
  }
}
