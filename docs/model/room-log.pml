/*
 * The protocol by which one room's log has one writer, for the model checker spin. README.md explains it in words.
 * Steps have the names that they have in src/actors/room-log.ts and src/actors/room-actor.ts.
 * Invariants are the `require` lines; a broken one prints its promise when the counterexample is replayed.
 * A variant (a name that is defined: NO_CONDITION, ACK_BEFORE_COMMIT, …) takes one precaution away and has to fail.
 */

/* ---------------------------------------------------------------------------------------------- bounds */

#define OWNERS 2
#define MESSAGES 2
#ifndef ACTIVATIONS
#define ACTIVATIONS 4 /* of both owners together; an owner that finds none left stays down */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of a process, or of an activation by an exception */
#endif
#ifndef FULLS
#define FULLS 1 /* how often the store says that it is full */
#endif
#ifndef LOSSES
#define LOSSES 0 /* how often a put or an answer is lost for good; until then late is as good as lost */
#endif
#ifndef SUBSCRIBES
#define SUBSCRIBES 1 /* how often somebody begins to listen */
#endif
#ifndef TRIES_0
#define TRIES_0 2 /* how often message 0 is sent: the first try and its retries */
#endif
#ifndef TRIES_1
#define TRIES_1 2
#endif
/* Of the log: at most a fence for each activation, and each message once (twice, and the invariant is broken). */
#define PLACES (ACTIVATIONS + MESSAGES + 2)

/* ------------------------------------------------------------------------------------------ invariants */

#define require(promise, holds) \
  if \
  :: (holds) \
  :: else -> printf("broken: "); printf(promise); printf("\n"); assert(false) \
  fi

/* Known to the checker only; nobody in the system reads them. */
byte ackedAs[MESSAGES]; /* the sequence that the first ack named; 0: not acked */
byte newest;            /* the youngest activation that relies on hearing of every later event */

/* ------------------------------------------------------------------------------------------- the store */

/* Place p holds a segment of activation writerAt[p] (its batch id); 0: it is free. The rest follows from that. */
byte writerAt[PLACES + 1];
byte logHead;
byte logEpoch;
byte standsAt[MESSAGES]; /* the sequence of a message in the log; 0: it is not there */
#ifdef NO_CONDITION
byte lastAt[PLACES + 1];
#endif
#ifdef FENCE_ONLY_AFTER_OTHERS
byte ownerOf[ACTIVATIONS + 1];
#endif

/* A put that was sent stays on its way until its place is taken, and may land even after its activation has ended. */
typedef Put {
  bit onTheWay;
  bit refused; /* its senders were told that it will not be written */
  bit fence;   /* begins with the activation's fence */
  byte place;  /* firstSeq */
  byte last;   /* lastSeq */
  byte epoch;
  byte seqOf[MESSAGES] /* 0: not in this segment */
}

/* One for each activation; the upper half is for the second append that only PIPELINED has. */
#ifdef PIPELINED
#define PUTS (2 * ACTIVATIONS + 1)
#else
#define PUTS (ACTIVATIONS + 1)
#endif
Put put[PUTS];

/* ------------------------------------------------------------------------------------------ the owners */

mtype:append = { none, asked, readingBack }; /* what the outstanding append waits for */
mtype:outcome = { silence, written, fenced, noRoom };

typedef Owner {
  /* What outlives an activation. */
  bit mail[MESSAGES]; /* requests that the former activation did not answer */
  bit listened;       /* somebody listens here */
  /* RoomActor */
  byte writer; /* the activation's number: it makes batch ids unique; 0: not active */
  byte epoch;
  byte head;             /* of the state: what was applied, durable or not */
  bit hasFenced;         /* this activation has written its fence, */
  bit fenceIsPending;    /* and not yet put it into a segment */
  byte bareFence;        /* a fence with nothing but committed events before it: no answer rests on it */
  byte window[MESSAGES]; /* the duplicate window: sequence by clientId; 0: not seen */
  byte waiting[MESSAGES]; /* to be answered when the log is durable up to there; 0: nobody waits */
  /* RoomLog */
  byte committedSeq;
  mtype:append outstanding;
  mtype:outcome answer;
  bit struggling; /* an earlier put of these bytes was not answered */
#ifdef PIPELINED
  bit second; /* another append follows the outstanding one */
  bit upper;  /* the outstanding one is in the upper half of `put` */
#endif
}
Owner owner[OWNERS];

byte activations; /* so far; they read the log in the order of their numbers */
byte crashes, fulls, losses, subscribes;
byte tries[MESSAGES]; /* how often each was sent */

/* Scratch, not part of a state. (A breadth-first search, for the shortest counterexample, does not know `hidden`.) */
#ifdef BREADTH_FIRST
byte i, m, taken;
#else
hidden byte i, m, taken;
#endif

#ifdef PIPELINED
#define MINE (owner[o].writer + (owner[o].upper -> ACTIVATIONS : 0))
#define WRITER(p) (p > ACTIVATIONS -> p - ACTIVATIONS : p)
#else
#define MINE owner[o].writer
#define WRITER(p) p
#endif
#define LIVES(a) (owner[0].writer == a || owner[1].writer == a)
#define RESTS_ON(o) (owner[o].head == owner[o].bareFence -> owner[o].head - 1 : owner[o].head)
#define PENDS(o) (owner[o].head > owner[o].committedSeq)

inline forget(p) {
  put[p].onTheWay = 0;
  put[p].refused = 0;
  put[p].fence = 0;
  put[p].place = 0;
  put[p].last = 0;
  put[p].epoch = 0;
  for (i : 0 .. MESSAGES - 1) {
    put[p].seqOf[i] = 0
  }
}

/* --------------------------------------------------------------------------------------- the RoomActor */

inline ack(o, which) {
  printf("    owner %d acks message %d with sequence %d\n", o, which, owner[o].window[which]);
  require("G2 durable before ack: acked, but not in the log at that sequence",
    standsAt[which] == owner[o].window[which]);
  require("G4 a retry gets the same sequence: acked with two",
    ackedAs[which] == 0 || ackedAs[which] == owner[o].window[which]);
  ackedAs[which] = owner[o].window[which]
}

inline writeFence(o) {
#ifndef NO_FENCE
  owner[o].head++;
  owner[o].epoch++;
  owner[o].fenceIsPending = 1;
#endif
  owner[o].hasFenced = 1
}

/* An activation with listeners fences at once, so that nothing of a former owner slips into a quiet room unseen. */
#if defined(NO_FENCE)
#define FENCES_EAGERLY(o) false
#elif defined(FENCE_ONLY_AFTER_OTHERS)
#define FENCES_EAGERLY(o) (newestFence == 0 || ownerOf[newestFence] != o)
byte newestFence; /* the activation that wrote the last fence in the log */
#else
#define FENCES_EAGERLY(o) true
#endif

inline fenceForListeners(o) {
  if
  :: owner[o].listened && !owner[o].hasFenced && FENCES_EAGERLY(o) ->
    printf("owner %d: has listeners and fences\n", o);
    writeFence(o);
    owner[o].bareFence = owner[o].head
  :: owner[o].listened && !owner[o].hasFenced && !(FENCES_EAGERLY(o)) ->
    printf("owner %d: has listeners and does not fence\n", o);
    newest = (owner[o].writer > newest -> owner[o].writer : newest)
  :: else
  fi
}

inline tailRead(o) {
  activations++;
  owner[o].writer = activations;
  printf("owner %d: activation %d reads the log, head %d\n", o, activations, logHead);
  owner[o].epoch = logEpoch;
  owner[o].head = logHead;
  owner[o].committedSeq = logHead;
  for (i : 0 .. MESSAGES - 1) {
#ifdef WINDOW_NOT_RELOADED
    owner[o].window[i] = 0
#else
    owner[o].window[i] = standsAt[i]
#endif
  }
#ifdef FENCE_ONLY_AFTER_OTHERS
  ownerOf[activations] = o;
#endif
  fenceForListeners(o)
}

/* The window tells a retry from a new message. What is decided is answered when all that it rests on is durable. */
inline attempt(o, which) {
  if
  :: owner[o].mail[which] -> owner[o].mail[which] = 0
  :: else -> tries[which]++
  fi;
  if
  :: owner[o].window[which] == 0 ->
    if
    :: !owner[o].hasFenced -> writeFence(o)
    :: else
    fi;
    owner[o].head++;
    owner[o].window[which] = owner[o].head;
    owner[o].waiting[which] = owner[o].head;
    printf("owner %d: takes message %d, sequence %d\n", o, which, owner[o].head);
#ifdef ACK_BEFORE_COMMIT
    ack(o, which)
#endif
  :: else ->
    printf("owner %d: message %d is a duplicate of sequence %d\n", o, which, owner[o].window[which]);
    if
#ifdef DUPLICATE_ANSWERED_EARLY
    :: true -> ack(o, which)
#else
    :: RESTS_ON(o) <= owner[o].committedSeq -> ack(o, which)
    :: RESTS_ON(o) > owner[o].committedSeq && owner[o].waiting[which] == 0 -> owner[o].waiting[which] = RESTS_ON(o)
    :: else /* answered together with the try that waits already */
#endif
    fi
  fi
}

/* The activation ends. What it did not answer goes to the next one; what it applied is forgotten. */
inline endActivation(o) {
  taken = MINE;
  if
  :: !put[taken].onTheWay || writerAt[put[taken].place] != 0 -> forget(taken)
  :: else
  fi;
  for (m : 0 .. MESSAGES - 1) {
    if
    :: owner[o].waiting[m] != 0 -> owner[o].mail[m] = 1
    :: else
    fi;
    owner[o].waiting[m] = 0;
    owner[o].window[m] = 0
  }
  owner[o].writer = 0;
  owner[o].epoch = 0;
  owner[o].head = 0;
  owner[o].hasFenced = 0;
  owner[o].fenceIsPending = 0;
  owner[o].bareFence = 0;
  owner[o].committedSeq = 0;
  owner[o].outstanding = none;
  owner[o].answer = silence;
  owner[o].struggling = 0;
#ifdef PIPELINED
  owner[o].second = 0;
  owner[o].upper = 0
#endif
}

/* An exception: the process lives on, and so do the requests and the put on its way. */
inline failed(o) {
  printf("owner %d: fails\n", o);
  endActivation(o)
}

inline crash(o) {
  printf("owner %d: crashes\n", o);
  endActivation(o);
  for (m : 0 .. MESSAGES - 1) {
    owner[o].mail[m] = 0
  }
  owner[o].listened = 0
}

/* Whoever waits for something that was not written is told so, for good. */
inline refuseUnwritten(o) {
  for (m : 0 .. MESSAGES - 1) {
    if
    :: owner[o].waiting[m] != 0 && owner[o].window[m] > owner[o].committedSeq ->
      printf("    owner %d refuses message %d\n", o, m);
      owner[o].waiting[m] = 0;
      put[MINE].refused = 1
    :: else
    fi
  }
  require("a rejection is final: refused, but it is in the log",
    !put[MINE].refused || writerAt[put[MINE].place] != MINE);
}

/* ----------------------------------------------------------------------------------------- the RoomLog */

/* All that is pending goes into one segment. */
inline fill(o, p, after) {
  put[p].place = after + 1;
  put[p].last = owner[o].head;
  put[p].epoch = owner[o].epoch;
  put[p].fence = owner[o].fenceIsPending;
  owner[o].fenceIsPending = 0;
  for (i : 0 .. MESSAGES - 1) {
    put[p].seqOf[i] = (owner[o].window[i] > after -> owner[o].window[i] : 0)
  }
  put[p].onTheWay = 1;
  printf("owner %d: puts place %d to %d, epoch %d\n", o, put[p].place, put[p].last, put[p].epoch)
}

inline submit(o) {
  fill(o, MINE, owner[o].committedSeq);
  owner[o].outstanding = asked
}

inline putIsWritten(o) {
  owner[o].committedSeq = put[MINE].last;
  printf("owner %d: written up to %d\n", o, owner[o].committedSeq);
  for (m : 0 .. MESSAGES - 1) {
    if
    :: owner[o].waiting[m] != 0 && owner[o].waiting[m] <= owner[o].committedSeq ->
      ack(o, m);
      owner[o].waiting[m] = 0
    :: else
    fi
  }
  taken = MINE;
  if
  :: !put[taken].onTheWay || writerAt[put[taken].place] != 0 -> forget(taken)
  :: else
  fi;
  owner[o].outstanding = none;
  owner[o].struggling = 0;
#ifdef PIPELINED
  if
  :: owner[o].second ->
    owner[o].second = 0;
    owner[o].upper = !owner[o].upper;
    owner[o].outstanding = readingBack
  :: else
  fi
#endif
}

inline putIsFenced(o) {
  printf("owner %d: is fenced at place %d\n", o, put[MINE].place);
  endActivation(o)
}

inline putIsUnknown(o) {
  owner[o].struggling = 1;
  owner[o].outstanding = readingBack
}

inline putIsFull(o) {
  printf("owner %d: the store is full\n", o);
  if
#ifdef FULL_FORGETS_EARLIER_PUT
  :: true ->
#else
  :: owner[o].struggling -> putIsUnknown(o) /* an earlier put of these bytes may still land */
  :: else ->
#endif
    refuseUnwritten(o);
    endActivation(o)
  fi
}

inline appended(o) {
  taken = owner[o].answer;
  owner[o].answer = silence;
  if
  :: taken == written -> putIsWritten(o)
  :: taken == fenced -> putIsFenced(o)
  :: taken == noRoom -> putIsFull(o)
  fi
}

/* Nothing came in time; an answer that comes later is not heard. */
inline timesOut(o) {
  printf("owner %d: no answer about place %d\n", o, put[MINE].place);
  owner[o].answer = silence;
#ifdef REJECT_WHILE_UNKNOWN
  refuseUnwritten(o);
  endActivation(o)
#else
  putIsUnknown(o)
#endif
}

/* Put again it is byte for byte the same, under the same condition: so the two together land once at most. */
inline placeRead(o) {
  printf("owner %d: reads place %d back, activation %d stands there\n", o, put[MINE].place, writerAt[put[MINE].place]);
  if
  :: writerAt[put[MINE].place] == 0 ->
    put[MINE].onTheWay = 1;
    owner[o].outstanding = asked
  :: writerAt[put[MINE].place] == owner[o].writer -> putIsWritten(o)
  :: else -> putIsFenced(o)
  fi
}

/*
 * Who sends does not know who owns: any try may come to any owner, also when the first ack was lost on its way. That it
 * waits before it is taken makes no difference to anybody, so it is sent in the moment in which it is taken.
 * Owners are alike, and so are messages: owner 0 begins, and message 0 comes first.
 */
#define COMES(o, which, most, before) \
  (owner[o].writer != 0 && (owner[o].mail[which] || tries[which] < most && before))

proctype RoomOwner(byte o) {
end:
  do
  :: d_step { owner[o].writer == 0 && activations < ACTIVATIONS && activations >= o -> tailRead(o); skip }
  :: d_step { COMES(o, 0, TRIES_0, true) -> attempt(o, 0); skip }
  :: d_step { COMES(o, 1, TRIES_1, tries[0] > 0) -> attempt(o, 1); skip }
  :: d_step { owner[o].writer != 0 && subscribes < SUBSCRIBES && !owner[o].listened ->
      subscribes++;
      owner[o].listened = 1;
      fenceForListeners(o);
      skip
    }
  :: d_step { owner[o].writer != 0 && owner[o].outstanding == none && PENDS(o) -> submit(o); skip }
#ifdef PIPELINED
  :: d_step { owner[o].outstanding == asked && !owner[o].second && owner[o].head > put[MINE].last ->
      taken = put[MINE].last;
      owner[o].upper = !owner[o].upper;
      fill(o, MINE, taken);
      owner[o].upper = !owner[o].upper;
      owner[o].second = 1
    }
#endif
  :: d_step { owner[o].answer != silence -> appended(o); skip }
#ifndef WAITS_FOR_EVER
  :: d_step { owner[o].outstanding == asked -> timesOut(o); skip }
#endif
  :: d_step { owner[o].outstanding == readingBack -> placeRead(o); skip }
  :: d_step { owner[o].writer != 0 && crashes < CRASHES -> crashes++; crash(o); skip }
  :: d_step { owner[o].writer != 0 && crashes < CRASHES -> crashes++; failed(o); skip }
  od
}

/* ----------------------------------------------------------------------------- a put, from sent to done */

inline write(p) {
  printf("store: takes the put of activation %d, place %d to %d\n", WRITER(p), put[p].place, put[p].last);
#ifdef NO_CONDITION
  for (i : 0 .. MESSAGES - 1) {
    if
    :: writerAt[put[p].place] != 0 && standsAt[i] >= put[p].place && standsAt[i] <= lastAt[put[p].place] ->
      standsAt[i] = 0
    :: else
    fi
  }
  lastAt[put[p].place] = put[p].last;
#else
  require("G1 contiguous: a segment that does not follow the last one", put[p].place == logHead + 1);
#endif
  for (i : 0 .. MESSAGES - 1) {
    if
    :: put[p].seqOf[i] != 0 ->
      require("G3 no duplicate: a message stands twice in the log", standsAt[i] == 0);
      standsAt[i] = put[p].seqOf[i]
    :: else
    fi;
    require("G2 durable before ack: what was acked is not in the log any more",
      ackedAs[i] == 0 || ackedAs[i] == standsAt[i])
  }
  require("a rejection is final: refused, and written afterwards", !put[p].refused);
#ifndef WITHOUT_G5
  require("G5 one writer: an append whose epoch is behind the last fence", put[p].epoch >= logEpoch + put[p].fence);
  require("G5 one writer: an append of an older activation, unheard by listeners of the newest", WRITER(p) >= newest);
#endif
  if
  :: put[p].fence ->
    newest = WRITER(p);
#ifdef FENCE_ONLY_AFTER_OTHERS
    newestFence = WRITER(p)
#endif
  :: else
  fi;
  writerAt[put[p].place] = WRITER(p);
  logEpoch = put[p].epoch;
  logHead = (put[p].last > logHead -> put[p].last : logHead)
}

/* What cannot have any effect any more is the same as not being there. */
inline forgetOvertaken(where) {
  for (m : 1 .. PUTS - 1) {
    if
    :: put[m].onTheWay && put[m].place == where && !LIVES(WRITER(m)) -> forget(m)
    :: else
    fi
  }
}

inline answered(p, outcome) {
  if
  :: owner[0].writer == p && owner[0].outstanding == asked -> owner[0].answer = outcome
  :: owner[1].writer == p && owner[1].outstanding == asked -> owner[1].answer = outcome
  :: else -> skip
  fi
}

inline land(p) {
  put[p].onTheWay = 0;
#ifndef NO_CONDITION
  if
  :: writerAt[put[p].place] == 0 ->
#endif
    write(p);
    answered(p, written);
#ifndef NO_CONDITION
    taken = put[p].place;
    forgetOvertaken(taken)
  :: writerAt[put[p].place] == WRITER(p) -> answered(p, written)
  :: else -> answered(p, fenced)
  fi;
#endif
  if
  :: !LIVES(WRITER(p)) -> forget(p)
  :: else
  fi
}

#define ASKS(p) (owner[0].writer == p && owner[0].outstanding == asked && owner[0].answer == silence \
  || owner[1].writer == p && owner[1].outstanding == asked && owner[1].answer == silence)
#define STRUGGLES(p) (owner[0].writer == p && owner[0].struggling || owner[1].writer == p && owner[1].struggling)

#define LANDS(p) \
  :: d_step { put[p].onTheWay -> land(p); skip } \
  :: d_step { put[p].onTheWay && fulls < FULLS && writerAt[put[p].place] == 0 && ASKS(p) -> \
      printf("store: has no room for place %d\n", put[p].place); \
      fulls++; \
      put[p].onTheWay = STRUGGLES(p); /* this put is gone; an earlier one of the same bytes is not */ \
      answered(p, noRoom) \
    } \
  :: d_step { put[p].onTheWay && losses < LOSSES && ASKS(p) -> \
      printf("network: loses the put of place %d\n", put[p].place); \
      losses++; \
      put[p].onTheWay = 0 \
    }

proctype Store() {
end:
  do
  :: d_step { losses < LOSSES && owner[0].answer != silence -> losses++; owner[0].answer = silence }
  :: d_step { losses < LOSSES && owner[1].answer != silence -> losses++; owner[1].answer = silence }
  LANDS(1)
  LANDS(2)
  LANDS(3)
#if PUTS > 4
  LANDS(4)
#endif
#if PUTS > 5
  LANDS(5)
#endif
#if PUTS > 6
  LANDS(6)
#endif
#if PUTS > 7
  LANDS(7)
  LANDS(8)
#endif
  od
}

/* ------------------------------------------------------------------------------------------ the ending */

/* An owner that has no activation left answers nobody: the bound, not the protocol. */
#define EXHAUSTED(o) (owner[o].writer == 0 && activations == ACTIVATIONS)
#define IS_OWED(o, which) (owner[o].mail[which] || owner[o].waiting[which] != 0)
#define OWES(o) ((IS_OWED(o, 0) || IS_OWED(o, 1) || PENDS(o)) && !EXHAUSTED(o))

/* When nothing can happen any more, everybody who was not lost in a crash has an answer. */
proctype Ending() {
  timeout -> require("every request is answered: one waits for ever", !OWES(0) && !OWES(1))
}

#ifdef LIVENESS
/* And it comes to that: no request is put off for ever, if every process that could go on does so some time. */
ltl everybodyIsAnswered { [] ((OWES(0) || OWES(1)) -> <> (!OWES(0) && !OWES(1))) }
#endif

init {
  atomic {
    for (i : 0 .. OWNERS - 1) {
      owner[i].outstanding = none;
      owner[i].answer = silence
    }
    run RoomOwner(0);
    run RoomOwner(1);
    run Store();
#ifndef LIVENESS
    run Ending()
#endif
  }
}
