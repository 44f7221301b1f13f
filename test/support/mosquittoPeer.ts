import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { brokerLogins, type OpenedBroker } from '../contract/broker.contract.ts'
import { clientA, clientB } from './commandFixture.ts'
import { freeTcpPort } from './freePort.ts'
import { createThrowAwayCertificate } from './throwAwayCertificate.ts'

const screenRules = (user: string, uuid: string): string => `user ${user}
topic read infoscreen/${uuid}/commands
topic read infoscreen/${uuid}/command
topic write infoscreen/${uuid}/commands/ack
topic write infoscreen/${uuid}/command/ack
topic write infoscreen/${uuid}/heartbeat
topic write infoscreen/${uuid}/health
topic write infoscreen/${uuid}/logs/#
topic write infoscreen/${uuid}/service_failed
`
const rules = `user infoscreen-server
topic write infoscreen/+/commands
topic write infoscreen/+/command
topic read infoscreen/+/commands/ack
topic read infoscreen/+/command/ack
topic read infoscreen/+/heartbeat
topic read infoscreen/+/health
topic readwrite infoscreen/+/service_failed

${screenRules(brokerLogins.a.user, clientA)}
${screenRules(brokerLogins.b.user, clientB)}`

/** Debian's mosquitto with a password file, an access list and, where wanted, TLS; its folder is its own. */
export async function openMosquitto(programs: { readonly mosquitto: string; readonly passwd: string }, hasTls: boolean): Promise<OpenedBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-mosquitto-'))
  const port = await freeTcpPort()
  const tls = hasTls ? createThrowAwayCertificate('localhost') : undefined
  const file = (name: string, text = ''): string => { const path = join(folder, name); writeFileSync(path, text, { mode: 0o600 }); return path }
  const passwords = file('passwords')
  for (const { user, password } of Object.values(brokerLogins)) spawnSync(programs.passwd, ['-b', passwords, user, password], { stdio: 'ignore' })
  const configuration = file('mosquitto.conf', `${process.getuid?.() === 0 ? 'user root\n' : ''}listener ${port} ${hasTls ? 'localhost' : '127.0.0.1'}
allow_anonymous false
password_file ${passwords}
acl_file ${file('rules', rules)}
persistence true
persistence_location ${folder}/
${tls ? `certfile ${file('cert.pem', tls.cert)}\nkeyfile ${file('key.pem', tls.key)}\n` : ''}`)
  const start = async (): Promise<() => Promise<void>> => {
    const child = spawn(programs.mosquitto, ['-c', configuration], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    const stop = async (): Promise<void> => { child.kill('SIGTERM'); await ended }
    for (let turn = 0; turn < 200 && child.exitCode === null; turn += 1) {
      if (await answers(port)) return stop
      await wait(50)
    }
    await stop()
    throw new Error('mosquitto does not start')
  }
  let stop: (() => Promise<void>) | undefined = await start()
  const down = async (): Promise<void> => { await stop?.(); stop = undefined }
  return {
    url: `${hasTls ? 'mqtts://localhost' : 'mqtt://127.0.0.1'}:${port}`, ...(tls ? { ca: tls.cert } : {}),
    down, up: async () => { stop = await start() }, close: async () => { await down(); rmSync(folder, { recursive: true, force: true }) },
  }
}

const answers = async (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, 'localhost')
  socket.once('connect', () => { socket.destroy(); resolve(true) })
  socket.once('error', () => { resolve(false) })
})
