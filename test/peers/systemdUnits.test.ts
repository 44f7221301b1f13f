import { spawn, spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { screen } from '../support/fleetAgentRig.ts'
import { openPlainBroker } from '../support/plainBroker.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const project = join(import.meta.dirname, '../..')
const resources = join(project, 'resources/fleet')
const units = ['infoscreen-agent.service', 'infoscreen-notify-failure@.service']

/** A computer with the units and all that they start in its place. */
async function installed(change: (text: string) => string = (text) => text): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-units-'))
  onTestFinished(async () => rm(root, { recursive: true, force: true }))
  for (const folder of ['etc/systemd/system', 'usr/local/bin', 'usr/local/libexec', 'usr/lib/systemd']) await mkdir(join(root, folder), { recursive: true })
  await cp('/lib/systemd/system', join(root, 'usr/lib/systemd/system'), { recursive: true, verbatimSymlinks: true })
  await symlink('usr/lib', join(root, 'lib'))
  for (const unit of units) await writeFile(join(root, 'etc/systemd/system', unit), change(await readFile(join(resources, unit), 'utf8')))
  for (const name of ['infoscreen-helper', 'infoscreen-notify-failure']) await cp(join(resources, name), join(root, 'usr/local/libexec', name))
  await writeFile(join(root, 'usr/local/bin/rackbench'), '#!/bin/sh\n')
  await chmod(join(root, 'usr/local/bin/rackbench'), 0o755)
  return root
}

const verify = (root: string): { readonly status: number | null; readonly said: string } => {
  const { status, stderr, stdout } = spawnSync('systemd-analyze', ['verify', `--root=${root}`, 'infoscreen-agent.service', 'infoscreen-notify-failure@infoscreen-agent.service.service'], { encoding: 'utf8', timeout: 30_000 })
  return { status, said: stdout + stderr }
}

describeWithPeer('the units of a screen, read by systemd', ['systemd-analyze'].filter((name) => findProgram(name) === undefined), () => {
  test('systemd-analyze verify has nothing to say', async () => {
    expect(verify(await installed())).toEqual({ status: 0, said: '' })
  })
  test('it would say so: a limit in the wrong section, and a program that is not there', async () => {
    expect(verify(await installed((text) => text.replace(/^StartLimitBurst/m, 'StartLimitBursts'))).said).toContain('Unknown key')
    expect(verify(await installed((text) => text.replace('/usr/local/libexec/infoscreen-notify-failure', '/usr/local/libexec/nothing'))).status).not.toBe(0)
  })
})

describeWithPeer('the watchdog of a screen, told by systemd-notify', ['systemd-notify', 'socat'].filter((name) => findProgram(name) === undefined), () => {
  test('what arrives at the socket of systemd is READY=1 and WATCHDOG=1', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-notify-'))
    const broker = await openPlainBroker()
    const socket = join(folder, 'notify')
    const systemd = spawn('socat', ['-u', `UNIX-RECV:${socket}`, '-'], { stdio: ['ignore', 'pipe', 'ignore'] })
    let heard = ''
    systemd.stdout.setEncoding('utf8').on('data', (text: string) => { heard += text })
    const agent = spawn(process.execPath, [join(project, 'src/main/hosts/cli/bin.mjs'), 'agent', '--broker', broker.url, '--client', screen, '--state', join(folder, 'state.json'), '--helper', 'mock', '--output', 'json'], {
      stdio: 'ignore', env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, WATCHDOG_USEC: '3000000' },
    })
    onTestFinished(async () => {
      for (const child of [agent, systemd]) { const gone = new Promise((resolve) => { child.once('close', resolve) }); if (child.exitCode === null && child.kill('SIGKILL')) await gone }
      await rm(folder, { recursive: true, force: true })
    })
    await broker.until('systemd has heard it twice', () => heard.split('WATCHDOG=1').length > 2)
    expect(heard.startsWith('READY=1\nWATCHDOG=1')).toBe(true)
  })
})
