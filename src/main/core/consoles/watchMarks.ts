import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { CameraConsole } from './cameraConsole.ts'

/** A list of lines need not be faster than an eye that reads. */
const batchMs = 50

export async function* watchMarks(console: Pick<CameraConsole, 'marks'>, after: number, clock: Clock, signal: AbortSignal): AsyncGenerator<ConsoleMark[], void, void> {
  for (let last = after; ;) {
    const marks = await console.marks(last, signal)
    yield marks
    last = marks.at(-1)?.sequence ?? last
    await clock.sleep(batchMs, signal)
  }
}
