import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSftpFs } from '../../src/main/drivers/deviceFs/sftpFs.ts'
import { describeDeviceFs } from '../contract/deviceFs.contract.ts'
import { never } from '../support/otaRig.ts'
import { createRealClock } from '../support/realClock.ts'
import { type SftpPeer, sshdProgram, startSftp } from '../support/sshdPeer.ts'
import { describeWithPeer } from './peerGate.ts'

const clock = createRealClock()
const program = sshdProgram()
const placeOf = (peer: SftpPeer): Parameters<typeof openSftpFs>[0] => ({ host: '127.0.0.1', port: peer.port, user: peer.user, secret: { privateKey: peer.privateKey }, hostKeySha256: peer.hostKeySha256 })

describeWithPeer("files over SFTP, against Debian's OpenSSH", program === undefined ? ['sshd (package openssh-server)'] : [], () => {
  describeDeviceFs('SFTP to OpenSSH', async () => {
    const peer = await startSftp(program!)
    await mkdir(join(peer.folder, 'device'))
    await mkdir(join(peer.folder, 'outside'))
    await writeFile(join(peer.folder, 'outside', 'secret'), 'secret')
    const fs = await openSftpFs(placeOf(peer), join(peer.root, 'device'), clock, never)
    return {
      fs,
      plantEscape: async (link) => symlink('../outside', join(peer.folder, 'device', link)),
      dispose: async () => { await fs.close(); await peer.stop() },
    }
  })

  test('OpenSSH replaces and syncs; another host key is refused before the login; a lost server is told', async () => {
    const peer = await startSftp(program!)
    try {
      const fs = await openSftpFs(placeOf(peer), peer.root, clock, never)
      expect(fs.abilities).toEqual({ replaces: true, links: true, modes: true, syncs: true })
      expect(await fs.free(never)).toBeGreaterThan(0)
      await expect(openSftpFs({ ...placeOf(peer), hostKeySha256: `SHA256:${'A'.repeat(43)}` }, peer.root, clock, never)).rejects.toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256: peer.hostKeySha256 } })
      await expect(openSftpFs({ ...placeOf(peer), hostKeySha256: undefined }, peer.root, clock, never)).rejects.toMatchObject({ code: 'device/wrong-identity' })
      await expect(openSftpFs(placeOf(peer), '/not/there/at/all', clock, never)).rejects.toMatchObject({ name: 'WorkbenchError' })
      await fs.close()
      await expect(fs.stat('x', never)).rejects.toMatchObject({ code: 'link/closed' })
      await fs.close()
    } finally {
      await peer.stop()
      await rm(peer.folder, { recursive: true, force: true })
    }
  })
})
