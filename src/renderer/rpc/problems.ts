import { ORPCError } from '@orpc/client'
import { wireErrorSchema } from '../../shared/errors/wireError.schema.ts'
import { Cancelled, fromWire, toWire, type WireError, WorkbenchError } from '../../shared/errors/workbenchError.ts'

const fieldOf = (data: unknown): string => {
  if (typeof data !== 'object' || data === null || !('issues' in data) || !Array.isArray(data.issues)) return ''
  const [issue] = data.issues as readonly { path?: readonly unknown[]; message?: unknown }[]
  const path = issue?.path?.map(String).join('.') ?? ''
  const message = typeof issue?.message === 'string' ? issue.message : ''
  return [path, message].filter(Boolean).join(': ')
}

/** Whatever a call rejected with, as an error with a code. A `Cancelled` stays what it is. */
export function asWorkbenchError(error: unknown): WorkbenchError | Cancelled {
  if (error instanceof WorkbenchError || error instanceof Cancelled) return error
  if (error instanceof DOMException && error.name === 'AbortError') return new Cancelled('the call was given up')
  if (error instanceof ORPCError) {
    const wire = wireErrorSchema.safeParse(error.data)
    if (wire.success) return fromWire(wire.data)
    if (error.code === 'BAD_REQUEST') {
      const field = fieldOf(error.data)
      return new WorkbenchError('input/malformed', field ? `The workbench did not accept ${field}` : 'The workbench did not accept the request')
    }
    return new WorkbenchError('internal/bug', 'The workbench met an unexpected error', { hint: 'Its log has the details.', context: { code: String(error.code) } })
  }
  return new WorkbenchError('internal/bug', 'The window met an unexpected error', {
    cause: error, hint: error instanceof Error ? error.message : 'The console of the window has the details.',
  })
}

/** For showing; `undefined` when somebody merely changed their mind. */
export function toProblem(error: unknown): WireError | undefined {
  const known = asWorkbenchError(error)
  return known instanceof Cancelled ? undefined : toWire(known)
}
