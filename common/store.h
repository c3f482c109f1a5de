// The store: how it comes to be, grows, is read and is left.
//
// A store is a directory. ROOT/rules is an LMDB environment that the CLI alone writes and that
// daemons, as another user, map for reading. ROOT/seen and ROOT/maildir are the daemon's own:
// nothing that root opens ever lies in a directory that the daemon's user can write, or he could
// put a link in its place.
//
//   ROOT/                0755 root:G
//     rules/             0750 root:G
//       data.mdb         0640 root:G   written by the CLI
//       lock.mdb         0660 root:G   written by every reader: its slot in LMDB's table
//     seen/ maildir/     0750 smtpblock:G, or 0770 root:G where there is no such user
//
// Where administrators have a group A of their own, data.mdb is 0664 root:A and lock.mdb 0666: they
// are in G as well, and everybody else is kept out by the mode of rules/.
//
// How it comes to be (store_files.h). `init`, or the first `add`, makes both files with their
// owners and modes before LMDB opens anything: LMDB would give both files one mode. lock.mdb gets
// its full size on the disk, because a hole in it, mapped on a full disk, is a SIGBUS in whoever
// takes a slot. All is made as ROOT/rules.new, synced, and renamed when it is whole: there is no
// half-made store. From then on neither file is deleted or replaced, or a daemon would go on with
// the old one. In data.mdb are four tables and one record:
//
//   rules    pattern key (rule_key.h) -> rule (rule_codec.h): the only table a decision reads
//   ids      ID, 8 octets in network order -> pattern key: for people, who name rules by ID
//   edits    revision, 8 octets in network order -> who did what, when, to which IDs
//   (edit_record.h) changes  ID, revision -> the rule as it was before that edit, or nothing
//   (edit_record.h) state    in LMDB's unnamed table: format, identity, revision, next ID, rules by
//   kind, the sum
//            of all rules' checksums (store_record.h)
//
// The history keeps what was, never what is: a rule that an edit made new costs it nothing, since
// new IDs are a range in the edit's record; what came after an edit is what was before the next
// one, or the rule as it stands. So an import of a million rules is a record of forty octets.
//
// How it grows (store_writer.h). One edit is one transaction: all tables and the state change
// together or not at all, synced before edit() returns. LMDB writes changed pages to free places
// and then its head, so a killed writer leaves the old store whole; its mutex is recovered by the
// next one. Freed pages are used again once no reader's snapshot needs them: the file grows while a
// reader holds a snapshot and never shrinks. An ID is never given twice. A writer that is stopped
// keeps the mutex: others give up after `write_patience`.
//
// How it is read (store_reader.h). A process opens the store once; each thread that reads it takes
// one slot and keeps it (shared_store.h). Each decision renews the thread's snapshot, looks keys
// up, copies what it found and gives the snapshot back, within microseconds. Rules are not cached:
// what a commit before the renewal wrote is seen. LMDB reads without its locks, and says nothing,
// where lock.mdb is on a read-only mount; its pages are then reused under the reader. And any
// close() of lock.mdb in a process, of whatever descriptor, gives up the POSIX lock that shows its
// slots as taken. So a process opens once, looks whether it stands in the table, and nobody here
// opens lock.mdb but LMDB: only stat() and access() touch it.
//
// How a reader notices what it must not believe (store_snapshot.h, store_fault.h). With each
// snapshot: data.mdb is the file that was opened and no shorter than before (else it is opened
// anew, once); the head of the file is as old as the lock table says, or one of the two was
// exchanged; the state record is sound and the table of rules has as many entries as it says.
// With each rule: its checksum. A page that is gone is a SIGBUS, a page of nonsense an assertion
// in LMDB: both end in the call that met them, which then answers `trouble`, never "not found".
//
// How it is left. A reader that ends gives its slot back; that of a killed one is taken as free by
// the next writer, or by whoever asks for the readers. A store of a newer format is refused.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace smtpblock {

/// The format that this program writes and the newest that it reads.
inline constexpr std::uint32_t store_format = 2;

/// Of address space only: the file is as long as its pages. Larger than any store, since a mapping
/// cannot grow under a live reader.
inline constexpr std::size_t store_map_octets = std::size_t{64} << 30U;

/// Slots in lock.mdb. The first process that opens a store decides, so all must say the same.
inline constexpr unsigned store_readers = 1022;

/// LMDB's table with that many slots: 192 octets with the first one, then 64 each.
inline constexpr off_t lock_file_octets = 192 + (off_t{store_readers} - 1) * 64;

/// How long a writer waits for another one.
inline constexpr std::chrono::seconds write_patience{10};

inline constexpr const char* rules_table = "rules";
inline constexpr const char* ids_table = "ids";
inline constexpr const char* edits_table = "edits";
inline constexpr const char* changes_table = "changes";
inline constexpr const char* state_key = "state";

/// Edits kept when the configuration does not say otherwise.
inline constexpr std::uint64_t history_kept = 100'000;

/// A description is a line, not a text.
inline constexpr std::size_t description_octets = 1U << 16U;

/// A value longer than this is damage: beside the description it holds a name and a subject.
inline constexpr std::size_t store_value_octets = 2 * description_octets;

/// But for an edit's record: two numbers for each run of IDs that it touched.
inline constexpr std::size_t store_record_octets = std::size_t{1} << 30U;

}  // namespace smtpblock
