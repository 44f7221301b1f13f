import { type PowerKind, powerSpecSchema, type PowerSpec } from '../../../shared/devices/powerSpec.schema.ts'

/** What the person typed about a switch; empty text means "not given". */
export interface PowerDraft {
  kind: Exclude<PowerKind, 'rack'>
  host: string
  port: string
  /** Of the switch's shell; not part of the spec. */
  ssh: string
  user: string
  password: string
  tls: boolean
  certificate: string
  ethernet: string
  comment: string
  pdu: string
  outlet: string
  relay: string
  on: string
  off: string
  read: string
  budgetWatts: string
}

export const emptyPower = (): PowerDraft =>
  ({ kind: 'manual', host: '', port: '', ssh: '', user: '', password: '', tls: false, certificate: '', ethernet: '', comment: '', pdu: '', outlet: '', relay: '', on: '', off: '', read: '', budgetWatts: '' })

export const powerKinds: readonly { readonly value: PowerDraft['kind']; readonly label: string }[] = [
  { value: 'manual', label: 'By hand' }, { value: 'routeros', label: 'MikroTik switch (RouterOS)' }, { value: 'tasmota', label: 'Tasmota plug' },
  { value: 'pdudaemon', label: 'PDUDaemon' }, { value: 'vectis', label: 'Vectis bridge' }, { value: 'command', label: 'A command of this computer' },
]

export interface PowerField { readonly key: Exclude<keyof PowerDraft, 'kind' | 'tls'>; readonly word: string; readonly hint: string; readonly secret?: boolean }

const host: PowerField = { key: 'host', word: 'Address', hint: '10.0.0.2' }
const user: PowerField = { key: 'user', word: 'User', hint: 'admin' }
const password: PowerField = { key: 'password', word: 'Password', hint: 'kept apart', secret: true }

export const fieldsOf: Readonly<Record<PowerDraft['kind'], readonly PowerField[]>> = {
  manual: [],
  routeros: [host, { key: 'ethernet', word: 'Port', hint: 'ether3' }, { key: 'comment', word: 'or its comment', hint: 'cam-01' }, user, password,
    { key: 'certificate', word: 'TLS fingerprint', hint: 'empty: no TLS' }, { key: 'port', word: 'API port', hint: '8728; with TLS 8729' }, { key: 'ssh', word: 'SSH port', hint: '22' }, { key: 'budgetWatts', word: 'PoE budget, W', hint: 'of the whole switch' }],
  tasmota: [host, { key: 'relay', word: 'Relay', hint: '1' }, user, password],
  pdudaemon: [host, { key: 'pdu', word: 'PDU', hint: 'rack-a' }, { key: 'outlet', word: 'Outlet', hint: '4' }, { key: 'port', word: 'Port', hint: '16421' }],
  vectis: [host, { key: 'port', word: 'Port', hint: '35240' }],
  command: [{ key: 'on', word: 'On', hint: 'usbrelay R1=1' }, { key: 'off', word: 'Off', hint: 'usbrelay R1=0' }, { key: 'read', word: 'Asks the state', hint: 'prints on or off; may be empty' }],
}

/** Words between spaces; quotes keep some together. No shell sees them. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '')
}

/** The spec that the fields describe, or which of them is wrong. */
export function powerOfDraft(draft: PowerDraft): { readonly spec: PowerSpec } | { readonly problem: string } {
  const given = (key: PowerField['key']): string | undefined => draft[key].trim() || undefined
  const number = (key: PowerField['key']): number | undefined => (given(key) === undefined ? undefined : Number(given(key)))
  const wanted: Readonly<Record<PowerDraft['kind'], unknown>> = {
    manual: { kind: 'manual' },
    routeros: { kind: 'routeros', host: given('host'), port: number('port'), user: given('user'), ethernet: given('ethernet'), comment: given('comment'), tls: given('certificate') !== undefined, certificateSha256: given('certificate'), budgetWatts: number('budgetWatts') },
    tasmota: { kind: 'tasmota', host: given('host'), relay: number('relay'), user: given('user') },
    pdudaemon: { kind: 'pdudaemon', host: given('host'), port: number('port'), pdu: given('pdu'), outlet: given('outlet') },
    vectis: { kind: 'vectis', host: given('host'), port: number('port') },
    command: { kind: 'command', on: wordsOf(draft.on), off: wordsOf(draft.off), ...(given('read') === undefined ? {} : { read: wordsOf(draft.read) }) },
  }
  const read = powerSpecSchema.safeParse(wanted[draft.kind])
  if (read.success) return { spec: read.data }
  const [issue] = read.error.issues
  const field = fieldsOf[draft.kind].find(({ key }) => key === issue?.path[0])
  return { problem: `${field?.word ?? 'Power'}: ${given(field?.key ?? 'host') === undefined ? 'is missing' : issue?.message ?? 'is not usable'}` }
}
