import { createHash } from 'node:crypto'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemctlScript } from './systemctlScript.ts'

export interface SimApplianceOptions {
  /** An empty folder, which plays `/` of the appliance. */
  readonly root: string
  /** Complete versions, the factory's first; the last one is current, the one before it previous. */
  readonly versions?: readonly string[]
}

export interface SimAppliance {
  readonly root: string
  /** Takes systemctl's arguments. */
  readonly systemctl: string
  readonly units: readonly string[]
}

/** Names of its services; each is one program, reached through `current`. */
export const applianceServices = ['device-api', 'motion-control'] as const

/** The program of a service: what it says to the stand-in for systemd stands in its second line. */
export const serviceProgram = (name: string, version: string, conduct = 'works'): string => `#!/bin/sh\n# stand-in: ${conduct}\necho ${name} ${version}\n`

/** An embedded Linux appliance as a folder tree: version folders, links, unit files, entry links, and a stand-in for systemd. */
export async function createSimAppliance({ root, versions = ['1.0.0'] }: SimApplianceOptions): Promise<SimAppliance> {
  const at = (...parts: string[]): string => join(root, ...parts)
  const units = applianceServices.map((name) => `${name}.service`)
  for (const folder of ['etc/systemd/system', 'usr/local/bin', 'opt/tope/versions', 'run/units', 'usr/bin']) await mkdir(at(folder), { recursive: true })
  const systemctl = at('usr/bin/systemctl')
  await writeFile(systemctl, systemctlScript(root), { mode: 0o755 })
  for (const version of versions) await writeVersion(at('opt/tope/versions', `v${version}`), version, units)
  const [current, previous] = versions.toReversed()
  const link = async (name: string, version: string | undefined): Promise<void> => { if (version !== undefined) await symlink(`v${version}`, at('opt/tope/versions', name)) }
  await link('current', current)
  await link('previous', previous)
  await link('factory', versions[0])
  for (const name of applianceServices) {
    await writeFile(at('etc/systemd/system', `${name}.service`), `[Service]\nExecStart=/opt/tope/versions/current/services/${name}/${name}\n`)
    await symlink(`/opt/tope/versions/current/services/${name}/${name}`, at('usr/local/bin', name))
    // As after a start of the device.
    if (current !== undefined) await writeFile(at('run/units', `${name}.service`), 'active 0 0 no\n')
  }
  return { root, systemctl, units }
}

async function writeVersion(folder: string, version: string, units: readonly string[]): Promise<void> {
  const files: object[] = []
  for (const name of applianceServices) {
    const path = `services/${name}/${name}`
    const text = serviceProgram(name, version)
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
    await chmod(join(folder, path), 0o755)
    files.push({ path, sha256: createHash('sha256').update(text).digest('hex'), size: Buffer.byteLength(text), mode: 0o755 })
  }
  await writeFile(join(folder, '.complete'), `${JSON.stringify({ v: 1, version, units, files })}\n`)
}

/** The parts of a package with both services, of which the last may misbehave. */
export async function* appliancePackageParts(version: string, conduct = 'works'): AsyncGenerator<{ readonly name: string; readonly pieces: readonly Uint8Array[]; readonly mode: number }, void, void> {
  await Promise.resolve()
  const modules = applianceServices.map((name, index) => ({ name, src: `modules/${name}`, dst: `/opt/tope/services/${name}/${name}`, process_name: `${name}.service`, restart_order: index }))
  yield { name: 'manifest.json', pieces: [Buffer.from(JSON.stringify({ version, modules }))], mode: 0o100644 }
  for (const name of applianceServices) yield { name: `modules/${name}`, pieces: [Buffer.from(serviceProgram(name, version, name === applianceServices.at(-1) ? conduct : 'works'))], mode: 0o100755 }
}
