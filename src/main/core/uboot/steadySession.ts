import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { UbootSession } from './ubootSession.ts'

/** A bridge that is lost more often than this within one job is no accident. */
const maxReconnects = 5

export interface SteadyDeps {
  readonly first: UbootSession
  /** Opens the line again and finds U-Boot at its prompt, its flash probed. Rejects when the camera is not there any more. */
  readonly reconnect: (signal: AbortSignal) => Promise<UbootSession>
  readonly onReconnected: (why: WorkbenchError) => void
}

/**
 * The same U-Boot over a line that may be lost in between: bridges drop clients that listen too long. What changes nothing is asked
 * again; a destructive command is not, because nobody knows how far it came.
 */
export function createSteadySession({ first, reconnect, onReconnected }: SteadyDeps): UbootSession & { readonly reconnect: (signal: AbortSignal) => Promise<void> } {
  let session = first
  let reconnects = 0
  const again = async (signal: AbortSignal): Promise<void> => { session = await reconnect(signal) }
  return {
    run: async (command, options, signal) => {
      for (;;) {
        try {
          return await session.run(command, options, signal)
        } catch (error) {
          const isLost = error instanceof WorkbenchError && error.code === 'link/closed'
          if (!isLost || options.destructive === true || signal.aborted || (reconnects += 1) > maxReconnects) throw error
          await again(signal)
          onReconnected(error)
        }
      }
    },
    reconnect: again,
  }
}
