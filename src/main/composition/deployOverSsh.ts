import { randomUUID } from 'node:crypto'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { createAppliance } from '../core/ota/updater/appliance.ts'
import { deploy, planDeployment } from '../core/ota/updater/deploy.ts'
import { recoverDeployment } from '../core/ota/updater/recoverDeployment.ts'
import { openSftpFs } from '../drivers/deviceFs/sftpFs.ts'
import { newDigest } from '../drivers/host/digest.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openSshServices } from '../drivers/services/sshServices.ts'
import { defaultSystemctl } from '../drivers/services/systemctl.ts'
import type { SshPlace } from '../drivers/ssh/sshConnection.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Deployed } from './deployPackage.ts'

export interface SshDeployRequest {
  readonly path: string
  readonly host: string
  readonly port?: number | undefined
  readonly user: string
  readonly keyFile: string
  /** Absent: the first use fails and shows it. */
  readonly hostKeySha256: string | undefined
  /** What plays `/` of the appliance. */
  readonly root: string
  readonly systemctl?: string | undefined
  readonly allowsCommands: boolean
  readonly clock?: Clock | undefined
  readonly tell: (percent: number, message: string) => void
}

/** The same deployment as the updater's, driven from here over SFTP and commands, for appliances that have no updater. */
export async function deployOverSsh({ path, keyFile, host, port, user, hostKeySha256, root, systemctl = defaultSystemctl, allowsCommands, clock = createSystemClock(), tell }: SshDeployRequest, signal: AbortSignal): Promise<Deployed> {
  const contents = await openPackageZip(path, signal)
  try {
    const { manifest, units, commands } = planDeployment(contents, undefined)
    const place: SshPlace = { host, port, user, hostKeySha256, secret: { privateKey: await readKey(keyFile) } }
    const fs = await openSftpFs(place, root, clock, signal)
    try {
      // Without these two nothing there could be switched in one step and stay.
      if (!fs.abilities.replaces || !fs.abilities.syncs) throw new WorkbenchError('input/not-supported', `${fs.label} cannot replace and sync files over SFTP`, { hint: 'OpenSSH can; another server cannot be trusted with a power cut' })
      const services = await openSshServices(place, systemctl, clock, signal)
      try {
        const device = createAppliance({ fs, services, clock, newDigest, newId: randomUUID, allowsCommands })
        const deps = { ...device, onCancel: 'undo' as const, progress: tell, tell: (line: string) => { tell(-1, line) } }
        const { mended } = await recoverDeployment(deps, signal)
        mended.forEach(deps.tell)
        const end = await deploy(contents, undefined, deps, signal)
        if (end.kind === 'failed') throw new WorkbenchError('device/refused', end.error, { context: { level: end.level, running: end.running ?? '' }, hint: end.level === 'person' ? 'Somebody has to look at the appliance' : 'The version before runs' })
        return { version: manifest.version, modules: manifest.modules.length, units, commands }
      } finally { await services.close() }
    } finally { await fs.close() }
  } finally { await contents.close() }
}

const mostKeyBytes = 64 * 1024

async function readKey(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readBounded(path, mostKeyBytes))
  } catch (cause) {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read`, { cause })
  }
}
