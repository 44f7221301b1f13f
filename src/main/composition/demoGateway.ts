import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { updateDeviceIdSchema } from '../../shared/ota/deviceUpdate.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { createSimAppliance } from '../sim/appliance/applianceTree.ts'
import { installedSshd, startApplianceSshd } from '../sim/appliance/applianceSshd.ts'
import type { DeviceUpdateDesk } from './deviceUpdateDesk.ts'
import { createSshWay } from './sshApplianceUpdates.ts'
import type { UpdateWay } from './updateWay.ts'

export const demoGatewayId = updateDeviceIdSchema.parse('demo-gateway')

export interface DemoGatewayDeps {
  readonly desk: Pick<DeviceUpdateDesk, 'addDemo'>
  readonly clock: Clock
  readonly audit: Pick<AuditLog, 'around'>
}

/** An appliance without an updater behind OpenSSH itself, where this computer has it. Its host key is kept in the folder of the demo and goes with it. */
export async function openDemoGateway(folder: string, releases: string, { desk, clock, audit }: DemoGatewayDeps): Promise<() => Promise<void>> {
  const device = { id: demoGatewayId, name: 'sim-gateway', kind: 'appliance', releases, channel: 'stable', hostAddress: '127.0.0.1' } as const
  const program = installedSshd()
  // One that does not start is as good as none.
  const sshd = program === undefined ? undefined : await startApplianceSshd(program).catch(() => undefined)
  if (!sshd) {
    const leave = desk.addDemo({ ...device, address: 'ssh://demo@127.0.0.1' }, withoutSshd)
    return async () => { leave(); return Promise.resolve() }
  }
  const root = join(folder, 'gateway')
  await mkdir(root)
  const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
  const way = createSshWay({ clock, audit, dataFolder: join(folder, 'gateway-keys'), layout: { root, systemctl } })
  const leave = desk.addDemo({ ...device, address: `ssh://${sshd.user}@127.0.0.1:${String(sshd.port)}`, keyFile: sshd.keyFile }, way)
  return async () => {
    leave()
    await sshd.stop()
  }
}

const missing = async (): Promise<never> => Promise.reject(new WorkbenchError('input/not-supported', 'This computer has no OpenSSH server that starts, so this appliance of the demo has no door', { hint: 'Install openssh-server and open the demo again; appliances of your own need nothing here' }))
const withoutSshd: UpdateWay = { check: () => undefined, read: missing, releases: missing, plan: missing, bench: () => ({ ask: missing, read: missing, steps: [] }) }
