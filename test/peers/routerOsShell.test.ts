import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openRouterOsShell, type RouterOsShell } from '../../src/main/drivers/ssh/routerOsShell.ts'
import type { SshPlace } from '../../src/main/drivers/ssh/sshConnection.ts'
import { createRealClock } from '../support/realClock.ts'
import { type SshdPeer, sshdProgram, startSshd } from '../support/sshdPeer.ts'
import { describeWithPeer } from './peerGate.ts'

/** Answers as a RouterOS shell does, carriage returns included. Its real commands are no programs, so sh cannot run them by accident. */
const routerOsLike = String.raw`
case "$SSH_ORIGINAL_COMMAND" in
  "/export terse")
    printf '# 2024-05-12 10:00:00 by RouterOS 7.14\r\n# model = CRS328-24P-4S+\r\n'
    index=0
    while [ $index -lt 2000 ]; do printf '/ppp secret add name=user%s password=hunter2-%s service=l2tp\r\n' $index $index; index=$((index + 1)); done
    printf '/interface ethernet set [ find default-name=ether3 ] comment="the last line"\r\n' ;;
  '/interface ethernet poe monitor "ether3" once')
    printf '             name: ether3\r\n   poe-out-status: powered-on\r\n  poe-out-voltage: 52.8V\r\n  poe-out-current: 123mA\r\n    poe-out-power: 6.4W\r\n\r\n' ;;
  '/interface ethernet poe monitor "endless" once') while :; do printf 'name: endless, and so on\r\n'; done ;;
  '/interface ethernet poe monitor "silent" once') exec sleep 20 ;;
  *) printf 'bad command name %s (line 1 column 1)\r\n' "$SSH_ORIGINAL_COMMAND"; exit 1 ;;
esac
`

const program = sshdProgram()
describeWithPeer('the shell of a RouterOS switch, against OpenSSH', program === undefined ? ['sshd (package openssh-server)'] : [], () => {
  const clock = createRealClock()
  const never = new AbortController().signal
  let peer: SshdPeer
  let shell: RouterOsShell | undefined
  beforeAll(async () => { peer = await startSshd(program ?? '', routerOsLike) })
  afterAll(async () => { await peer.stop() })
  afterEach(async () => { await shell?.close(); shell = undefined })
  const open = async (more: Partial<SshPlace> = {}): Promise<RouterOsShell> => {
    shell = await openRouterOsShell({ host: '127.0.0.1', port: peer.port, user: peer.user, secret: { privateKey: peer.privateKey }, hostKeySha256: peer.hostKeySha256, ...more }, clock, never)
    return shell
  }

  it('an unknown host key is shown as ssh-keygen shows it, and another than the accepted one is refused', async () => {
    await expect(open({ hostKeySha256: undefined })).rejects.toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256: peer.hostKeySha256 } })
    await expect(open({ hostKeySha256: `SHA256:${'A'.repeat(43)}` })).rejects.toMatchObject({ code: 'device/wrong-identity' })
    expect(await peer.said()).not.toMatch(/Accepted publickey|Failed/)
  })
  it('a login that is refused', async () => {
    await expect(open({ secret: { password: 'hunter2' } })).rejects.toMatchObject({ code: 'pod/refused' })
  })
  it('the whole configuration, without its secrets', async () => {
    const text = await (await open()).exportConfiguration(never)
    expect(text.split('\n').filter((line) => line.includes('password=***'))).toHaveLength(2000)
    expect(text).toContain('comment="the last line"')
    expect(text).not.toContain('hunter2')
  })
  it('a reading, a complaint, and a reading again over the same connection', async () => {
    await open()
    expect(await shell!.poeReading('ether3', never)).toEqual({ status: 'powered-on', volts: 52.8, milliamperes: 123, watts: 6.4 })
    await expect(shell!.poeReading('ether77', never)).rejects.toMatchObject({ code: 'pod/refused', message: expect.stringContaining('bad command name') as string })
    expect(await shell!.poeReading('ether3', never)).toMatchObject({ status: 'powered-on' })
  })
  it('output without end is cut off, and the connection goes on', async () => {
    await expect((await open()).poeReading('endless', never)).rejects.toMatchObject({ code: 'device/too-much-output' })
    expect(await shell!.poeReading('ether3', never)).toMatchObject({ status: 'powered-on' })
  })
  it('silence can be left, and the connection goes on', async () => {
    await open()
    const reason = new Error('cancelled')
    const cancel = new AbortController()
    const asking = shell!.poeReading('silent', cancel.signal).catch((error: unknown) => error)
    await clock.sleep(200, never)
    cancel.abort(reason)
    expect(await asking).toBe(reason)
    expect(await shell!.poeReading('ether3', never)).toMatchObject({ status: 'powered-on' })
  })
  it('after closing, nothing is asked any more', async () => {
    await open()
    await shell!.close()
    await expect(shell!.poeReading('ether3', never)).rejects.toMatchObject({ code: 'link/closed' })
  })
})
