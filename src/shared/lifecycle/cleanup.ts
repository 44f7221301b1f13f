import { WorkbenchError } from '../errors/workbenchError.ts'
import { type Clock, withDeadline } from './clock.ts'

/** Each undo gets this long, counted from its own start. */
export const undoLimitMs = 10_000

export type Undo = (signal: AbortSignal) => Promise<void>
export interface UndoFailure {
  readonly label: string
  readonly error: unknown
}
export interface UndoWatch {
  readonly onUndone?: (label: string) => void
}

export class CleanupStack {
  readonly #undos: { readonly label: string; readonly undo: Undo }[] = []

  /** `label` finishes the sentence "could not …". */
  add(label: string, undo: Undo): void {
    this.#undos.push({ label, undo })
  }

  /** Last in, first out. A failing undo never keeps the ones below it from running. */
  async unwind(clock: Clock, watch: UndoWatch = {}): Promise<readonly UndoFailure[]> {
    const failures: UndoFailure[] = []
    for (let entry = this.#undos.pop(); entry; entry = this.#undos.pop()) {
      const { label, undo } = entry
      try {
        // A fresh signal: the job's own one is often aborted already, and undo has to work just then.
        await withDeadline(clock, undoLimitMs, label, new AbortController().signal, undo)
        watch.onUndone?.(label)
      } catch (error) {
        failures.push({ label, error })
      }
    }
    return failures
  }
}

export interface CleanupOptions extends UndoWatch {
  readonly clock: Clock
  /** Told of each undo that failed, also when `body` failed first; the job runner writes it to the journal. */
  readonly onUndoFailed: (failure: UndoFailure) => void
}

export async function withCleanup<T>(options: CleanupOptions, body: (cleanup: CleanupStack) => Promise<T>): Promise<T> {
  const stack = new CleanupStack()
  // The async wrapper catches a body that throws before it returns a promise.
  const outcome = await (async () => body(stack))().then(
    (value) => ({ ok: true, value }) as const,
    (error: unknown) => ({ ok: false, error }) as const,
  )
  const failures = await stack.unwind(options.clock, options)
  failures.forEach(options.onUndoFailed)
  // The first error is the cause; an undo that failed after it is a consequence and must not replace it.
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the very value that was thrown, whatever it was
  if (!outcome.ok) throw outcome.error
  const [first] = failures
  if (first) {
    throw new WorkbenchError('job/undo-failed', `The work succeeded, but could not ${first.label}`, { cause: first.error })
  }
  return outcome.value
}
