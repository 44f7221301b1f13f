import { ORPCError } from '@orpc/server'
import { Cancelled, toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'

/** The code under which our errors travel; what they are is in `data`, a WireError. */
export const rpcErrorCode = 'WORKBENCH'

type Log = (line: string) => void

const firstIssue = (data: unknown): string => {
  const issue = typeof data === 'object' && data !== null && 'issues' in data && Array.isArray(data.issues)
    ? (data.issues as readonly { readonly path?: readonly unknown[]; readonly message?: unknown }[])[0] : undefined
  return [issue?.path?.map(String).join('.') ?? '', typeof issue?.message === 'string' ? issue.message : ''].filter(Boolean).join(': ')
}

/** Whatever a call ended with, as it may leave the process. Foreign errors go to the log with their stack, and out without it. */
export function toRpcError(error: unknown, log: Log): Error {
  // Nothing went wrong: the client went away or changed its mind, and nobody reads the answer.
  if (error instanceof Cancelled || (error instanceof Error && error.name === 'AbortError')) return error
  const ours = error instanceof WorkbenchError ? error
    : error instanceof ORPCError && error.status < 500
      ? new WorkbenchError('input/malformed', `The request was not accepted: ${firstIssue(error.data) || error.message}`)
      : undefined
  if (!ours) log(`a call failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}${causeText(error)}`)
  const wire = toWire(ours ?? error)
  return new ORPCError(rpcErrorCode, { status: 400, message: wire.message, data: wire })
}

const causeText = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? `\ncaused by ${error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause)}` : ''

async function* mapped(items: AsyncIterable<unknown>, log: Log): AsyncGenerator<unknown> {
  try {
    yield* items
  } catch (error) {
    throw toRpcError(error, log)
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> => typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/** For the RPC handler of each host: code, message, context and hint survive the trip, of calls and of streams. */
export function rpcErrorOptions(log: Log): { readonly clientInterceptors: ((call: { next: () => Promise<unknown> }) => Promise<unknown>)[] } {
  return {
    clientInterceptors: [async ({ next }) => {
      try {
        const output = await next()
        return isIterable(output) ? mapped(output, log) : output
      } catch (error) {
        throw toRpcError(error, log)
      }
    }],
  }
}
