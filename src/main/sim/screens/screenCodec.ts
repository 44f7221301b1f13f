import type { ScreenAction, ScreenStatus } from './screenBehaviours.ts'

/** The contract once more, from its description and not from the program under test. */
export interface ScreenCommand {
  readonly id: string
  readonly client: string
  readonly action: ScreenAction
  readonly issuedMs: number
  readonly expiresMs: number
}

const fields = ['schema_version', 'command_id', 'client_uuid', 'action', 'issued_at', 'expires_at', 'requested_by', 'reason']

export function readScreenCommand(text: string): ScreenCommand | undefined {
  const value = valueIn(text)
  if (value === undefined || Object.keys(value).length !== fields.length || !fields.every((name) => Object.hasOwn(value, name))) return undefined
  const { schema_version: version, command_id: id, client_uuid: client, action, issued_at: issued, expires_at: expires } = value
  if (version !== '1.0' || typeof id !== 'string' || typeof client !== 'string' || typeof issued !== 'string' || typeof expires !== 'string') return undefined
  if (action !== 'reboot_host' && action !== 'shutdown_host') return undefined
  return { id, client, action, issuedMs: Date.parse(issued), expiresMs: Date.parse(expires) }
}

function valueIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    // A screen says nothing to noise.
    return undefined
  }
}

export const screenAck = (id: string, status: ScreenStatus, code?: string): string =>
  JSON.stringify({ command_id: id, status, error_code: code ?? null, error_message: code === undefined ? null : `simulated: ${code}` })
