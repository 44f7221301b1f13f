import { join } from 'node:path'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { testRouterOs } from '../drivers/power/testRouterOs.ts'
import { openRouterOsShell, type RouterOsShell } from '../drivers/ssh/routerOsShell.ts'
import { writeAuditFile } from '../drivers/storage/auditFiles.ts'
import { createHostKeysFile } from '../drivers/storage/hostKeysFile.ts'
import type { PoeReading } from '../protocols/routeros/shellText.ts'
import { openAudit } from './auditDesk.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { AuditRecord, AuditWish, SwitchReport, SwitchWish } from '../../shared/devices/switchReport.schema.ts'

/** Asks a RouterOS switch who it is and how the port stands; nothing is switched and nothing is remembered. */
export async function testSwitch({ host, port, user, password, certificateSha256, ethernet, comment }: SwitchWish, signal: AbortSignal): Promise<SwitchReport> {
  const fingerprint = certificateSha256?.replaceAll(/[\s:]/g, '').toLowerCase()
  const tls = fingerprint === undefined || fingerprint === '' ? undefined : { certificateSha256: fingerprint }
  return testRouterOs({ host, port, user, password, tls }, { ethernet: ethernet || undefined, comment: comment || undefined }, createSystemClock(), signal)
}

/**
 * The configuration of a switch as a file of the data folder, secrets masked. A key that nobody has accepted yet, or another one than the accepted,
 * is `device/wrong-identity` with the fingerprint, before a password is sent; `acceptKey` accepts exactly that one, and it is remembered once it logged in.
 */
export async function auditSwitchWith({ host, sshPort = 22, user, password, ethernet, acceptKey }: AuditWish, dataFolder: string, signal: AbortSignal, audit: Pick<AuditLog, 'append' | 'around'>): Promise<AuditRecord> {
  const clock = createSystemClock()
  const keys = createHostKeysFile(join(dataFolder, 'hostkeys.json'))
  const place = `${host.toLowerCase()}:${sshPort}`
  const known = await keys.get(place)
  const hostKeySha256 = acceptKey ?? known
  const shell = await openRouterOsShell({ host, port: sshPort, user, secret: { password }, hostKeySha256 }, clock, signal)
  try {
    if (hostKeySha256 !== undefined && hostKeySha256 !== known) await audit.around({ what: 'accept host key', subject: place, details: { sha256: hostKeySha256, instead: known ?? 'none' } }, async () => keys.put(place, hostKeySha256))
    audit.append({ what: 'export switch configuration', subject: place })
    const text = await shell.exportConfiguration(signal)
    const path = await writeAuditFile(join(dataFolder, 'audit'), host, clock.wallMs(), text)
    return { ...(await poeOf(shell, ethernet, signal)), path, lengthBytes: new TextEncoder().encode(text).length, label: shell.label, hostKeySha256: hostKeySha256 ?? '' }
  } finally {
    await shell.close()
  }
}

/** The same for a command, which has no workbench open. */
export async function auditSwitch(wish: AuditWish, dataFolder: string, signal: AbortSignal): Promise<AuditRecord> {
  const audit = openAudit({ dataFolder, host: 'cli', log: () => undefined }, createSystemClock())
  try {
    return await auditSwitchWith(wish, dataFolder, signal, audit)
  } finally {
    audit.close()
  }
}

async function poeOf(shell: RouterOsShell, ethernet: string | undefined, signal: AbortSignal): Promise<Pick<AuditRecord, 'poe' | 'poeProblem'>> {
  if (ethernet === undefined || ethernet === '') return {}
  try {
    return { poe: present(await shell.poeReading(ethernet, signal)) }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError) return { poeProblem: error.message }
    throw error
  }
}

const present = ({ status, volts, milliamperes, watts }: PoeReading): NonNullable<AuditRecord['poe']> =>
  ({ status, ...(volts === undefined ? {} : { volts }), ...(milliamperes === undefined ? {} : { milliamperes }), ...(watts === undefined ? {} : { watts }) })
